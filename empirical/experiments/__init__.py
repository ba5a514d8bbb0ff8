"""Questions that several runs answer together: one module an experiment, all in :data:`..catalogue.PLANS`."""
