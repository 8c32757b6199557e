from lungtox.report.blocks import Section
def tripod_section(results): return Section("tripod","TRIPOD+AI checklist",())
