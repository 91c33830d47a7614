"""Reproductions of published studies with ``jetgen study NAME``.

A study is a folder with a ``study.yaml`` (see :mod:`jetgen.studies.definition`) whose steps are
jetgen commands, and a module of the same name in this package whose ``conclude(study)`` reads the
outputs of the steps and returns a :class:`~jetgen.reports.findings.Conclusion`. A user's own study
has no such module: :mod:`jetgen.studies.measurements` concludes it.
"""
