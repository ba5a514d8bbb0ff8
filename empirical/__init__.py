"""What happens: networks trained on real data, measured against the certified geometry."""
