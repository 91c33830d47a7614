"""Studies of the literature, each repeatable by ``jetgen study NAME``.

A study is a folder with a ``study.yaml`` (see :mod:`jetgen.studies.definition`) whose steps are
jetgen commands, and a module here of the same name whose ``conclude(folder, settings)`` reads
what the steps made and returns a :class:`~jetgen.reports.findings.Conclusion`.
"""
