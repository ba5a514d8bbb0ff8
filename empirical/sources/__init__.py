"""Images with labels: one module a source, one interface (:class:`empirical.sources.labelled.LabelledImages`).

A source makes the images of one set (``mnist_digits``); a composition makes a multi-task set of one
(``canvases``).  Both hand out :class:`LabelledImages`, in which every image carries labels for any subset
of the tasks.
"""
