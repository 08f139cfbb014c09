// The commands, one file each under commands/.
#pragma once

#include "cli/command.h"

namespace steelyard {

Command ingest_command(CommonOptions& common);
Command status_command(CommonOptions& common);
Command report_command(CommonOptions& common);
Command top_command(CommonOptions& common);
Command diff_command(CommonOptions& common);
Command explain_command(CommonOptions& common);
Command reconcile_command(CommonOptions& common);
Command check_command(CommonOptions& common);
Command sql_command(CommonOptions& common);
Command export_command(CommonOptions& common);
Command gen_command(CommonOptions& common);
Command vacuum_command(CommonOptions& common);
Command checkpoint_command(CommonOptions& common);
Command doctor_command(CommonOptions& common);
Command commitments_command(CommonOptions& common);
Command completion_command(CommonOptions& common);
Command version_command(CommonOptions& common);
Command help_command(CommonOptions& common);

}  // namespace steelyard
