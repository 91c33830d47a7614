"""``jetgen report``."""

from __future__ import annotations

from jetgen.config.report import ReportConfig as Config


def run(config: Config) -> None:
    from jetgen.reporting import report
    from jetgen.reports.terminal import print_table
    from jetgen.run_folder import RunFolder

    page = report(config)
    print_table(page.with_name("table.json"))
    if config.run is not None:
        print(f"jets:   {RunFolder(config.run).generated_file}")
    print(f"report: {page}")


__all__ = ["Config", "run"]
