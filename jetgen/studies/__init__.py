"""Reproductions of published studies with ``jetgen study NAME``.

A study is a folder with a ``study.yaml`` (see :mod:`jetgen.studies.definition`) whose steps are
jetgen commands, and a module of the same name in this package whose ``conclude(folder, settings)``
reads the outputs of the steps and returns a :class:`~jetgen.reports.findings.Conclusion`.
"""
