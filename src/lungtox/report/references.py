from lungtox.report.blocks import Section
def references_section(results): return Section("references","References",())
