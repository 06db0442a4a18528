"""Running a study: every chapter for every merchant, in parallel, resumable. No analysis.

``plan`` says what is to run, ``run`` runs it in worker processes, ``chapter`` executes one
notebook, ``kernels`` starts them quickly, ``ledger`` remembers what happened.
"""
