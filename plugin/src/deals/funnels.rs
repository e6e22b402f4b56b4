//! Builds funnels from RetailCRM's statuses. UIS requires exactly one stage for success, one for failure, and 1 to 100 in process;
//! RetailCRM has any number of statuses, in groups. So the groups of final statuses become the two final stages. If there are too many
//! other statuses, whole groups are merged into one stage each, the largest groups first. Pure functions.

use std::collections::BTreeMap;

use crate::base::template;
use crate::bindings::uis::integration::deals::{Funnel, Stage, StageStatus};
use crate::retailcrm::reference::{Status, StatusGroup};

/// The most stages in process that UIS accepts.
const STAGES_MAX: usize = 100;
/// The gap between the positions of two stages, so that UIS can insert its own.
const STEP: u32 = 10;
/// UIS's longest title, in characters `[inferred]`.
const NAME_MAX: usize = 255;
/// The ids of the stages for success and failure.
const SUCCESS: &str = "success";
const FAILED: &str = "failed";

/// The stages of all funnels, and the stage of each status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stages {
    /// The stages in UIS's form.
    pub stages: Vec<Stage>,
    /// The stage of each status.
    of_status: BTreeMap<String, String>,
    /// Groups that were merged into one stage each.
    pub merged_groups: Vec<String>,
}

impl Stages {
    /// The stage of a status, if the status is known.
    pub fn of(&self, status: &str) -> Option<&String> {
        self.of_status.get(status)
    }

    /// The stage of a status in a funnel that may have other stages, because UIS refused an update: the status's own stage, else the one
    /// that the deal is in (`known`), else a stage of the same group, else the first one.
    pub fn of_in(&self, status: &str, statuses: &[Status], funnel: &Funnel, known: Option<&String>) -> Option<String> {
        let there = |stage: &&String| funnel.stages.iter().any(|known| known.ext_id == **stage);
        let group = statuses.iter().find(|known| known.code == status).map(|known| &known.group);
        let of_group = || statuses.iter().filter(|known| Some(&known.group) == group).filter_map(|known| self.of(&known.code)).find(there);
        let own = self.of(status).filter(there).or(known.filter(there)).or_else(of_group).cloned();
        own.or_else(|| funnel.stages.iter().find(|stage| stage.status == StageStatus::InProcess).map(|stage| stage.ext_id.clone()))
    }

    /// Whether a stage is in process, a success or a failure.
    pub fn meaning(&self, stage: &str) -> StageStatus {
        self.stages.iter().find(|known| known.ext_id == stage).map_or(StageStatus::InProcess, |known| known.status)
    }
}

/// What the stages are built from.
pub struct StatusSource<'a> {
    /// All statuses of RetailCRM.
    pub statuses: &'a [Status],
    /// The status groups, in order.
    pub groups: &'a [StatusGroup],
    /// Groups of successful orders.
    pub success: &'a [String],
    /// Groups of failed orders.
    pub failed: &'a [String],
    /// Statuses that orders are or were in, including deleted ones.
    pub used: &'a [String],
}

/// A status that gets a stage in process.
struct Open<'a> {
    code: &'a str,
    name: &'a str,
    group: &'a str,
}

/// Builds the stages.
pub fn build_stages(source: &StatusSource<'_>) -> Stages {
    let mut stages = Stages::default();
    let place = |group: &str| source.groups.iter().position(|known| known.code == group).unwrap_or(usize::MAX);
    let is_used = |code: &str| source.used.iter().any(|known| known == code);
    // A status that is not in use and that no order was in gets no stage.
    let mut shown: Vec<&Status> = source.statuses.iter().filter(|status| status.active || is_used(&status.code)).collect();
    shown.sort_by_key(|status| (place(&status.group), status.ordering, status.code.as_str()));
    let mut open: Vec<Open<'_>> = Vec::new();
    for status in shown {
        if source.success.contains(&status.group) {
            stages.of_status.insert(status.code.clone(), SUCCESS.to_owned());
        } else if source.failed.contains(&status.group) {
            stages.of_status.insert(status.code.clone(), FAILED.to_owned());
        } else {
            open.push(Open { code: &status.code, name: &status.name, group: &status.group });
        }
    }
    // Statuses that were deleted in RetailCRM keep a stage if deals were in them.
    for code in source.used.iter().filter(|code| !source.statuses.iter().any(|status| status.code == **code)) {
        open.push(Open { code, name: code, group: "" });
    }
    let merged_groups = groups_to_merge(&open);
    let mut placed: Vec<(String, String)> = Vec::new();
    for status in &open {
        let (ext_id, name) = if merged_groups.contains(&status.group) {
            let title = source.groups.iter().find(|group| group.code == status.group).map_or(status.group, |group| &group.name);
            (format!("group-{}", status.group), if status.group.is_empty() { "Прочие" } else { title })
        } else {
            (format!("status-{}", status.code), status.name)
        };
        let known = placed.iter().any(|(known, _)| *known == ext_id);
        // If there are more groups than stages, the last groups share one.
        let shared = placed.last().filter(|_| !known && placed.len() >= STAGES_MAX).map(|(last, _)| last.clone());
        stages.of_status.insert(status.code.to_owned(), shared.clone().unwrap_or_else(|| ext_id.clone()));
        if !known && shared.is_none() {
            placed.push((ext_id, title(name, status.code)));
        }
    }
    if placed.is_empty() {
        placed.push(("in-process".to_owned(), "В работе".to_owned()));
    }
    stages.merged_groups = merged_groups.into_iter().map(str::to_owned).collect();
    let in_process = placed.into_iter().zip(1u32..).map(|((ext_id, name), number)| Stage {
        ext_id,
        name,
        status: StageStatus::InProcess,
        order: number * STEP,
    });
    stages.stages = in_process.collect();
    for (ext_id, groups, status, usual) in
        [(SUCCESS, source.success, StageStatus::Success, "Выполнен"), (FAILED, source.failed, StageStatus::Failed, "Отменён")]
    {
        let name = source.groups.iter().find(|group| groups.contains(&group.code)).map_or("", |group| &group.name);
        stages.stages.push(Stage { ext_id: ext_id.to_owned(), name: title(name, usual), status, order: 0 });
    }
    stages
}

fn title(name: &str, usual: &str) -> String {
    let line = template::line(name, NAME_MAX);
    if line.is_empty() { template::line(usual, NAME_MAX) } else { line }
}

/// The groups to merge so that there are not too many stages, those with the most statuses first.
fn groups_to_merge<'a>(open: &[Open<'a>]) -> Vec<&'a str> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for status in open {
        *sizes.entry(status.group).or_default() += 1;
    }
    let mut by_size: Vec<(&str, usize)> = sizes.into_iter().collect();
    by_size.sort_by_key(|(group, size)| (std::cmp::Reverse(*size), *group));
    let (mut count, mut merged_groups) = (open.len(), Vec::new());
    for (group, size) in by_size {
        if count <= STAGES_MAX {
            break;
        }
        count -= size - 1;
        merged_groups.push(group);
    }
    merged_groups
}

/// Keeps stages in process of the known funnel if deals were in them (`used`, by status), as UIS requires: stages of statuses that are now
/// final or whose group was merged. Stages beyond the limit are dropped; UIS refuses the update if it needs them.
pub fn keep_used_stages(wanted: &mut Funnel, known: &Funnel, used: impl Fn(&str) -> bool) {
    let stays = |stage: &Stage| stage.ext_id.strip_prefix("status-").is_none_or(&used);
    let in_process = |stage: &&Stage| stage.status == StageStatus::InProcess;
    let mut room = STAGES_MAX.saturating_sub(wanted.stages.iter().filter(in_process).count());
    for stage in known.stages.iter().filter(in_process).filter(|stage| stays(stage)) {
        if room == 0 {
            return;
        }
        if wanted.stages.iter().all(|kept| kept.ext_id != stage.ext_id) {
            let order = wanted.stages.iter().map(|kept| kept.order).max().unwrap_or_default() + STEP;
            wanted.stages.push(Stage { order, ..stage.clone() });
            room -= 1;
        }
    }
}

/// A funnel with these stages.
pub fn funnel(ext_id: &str, name: &str, stages: &Stages) -> Funnel {
    Funnel { ext_id: ext_id.to_owned(), name: title(name, ext_id), stages: stages.stages.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: &str, group: &str, ordering: i64, active: bool) -> Status {
        Status { code: code.into(), name: code.to_uppercase(), group: group.into(), ordering, active }
    }

    fn group(code: &str, ordering: i64) -> StatusGroup {
        StatusGroup { code: code.into(), name: format!("Группа {code}"), ordering }
    }

    fn build_of(statuses: &[Status], groups: &[StatusGroup], used_statuses: &[&str]) -> Stages {
        let ends = (["complete".to_owned()], ["cancel".to_owned()]);
        let used_statuses: Vec<String> = used_statuses.iter().map(|&code| code.to_owned()).collect();
        build_stages(&StatusSource { statuses, groups, success: &ends.0, failed: &ends.1, used: &used_statuses })
    }

    #[test]
    fn stages_are_ordered_by_group_and_status() {
        let groups = [group("new", 10), group("work", 20), group("complete", 30), group("cancel", 40)];
        let statuses = [
            status("b", "work", 20, true),
            status("a", "work", 10, true),
            status("new", "new", 5, true),
            status("old", "work", 15, false),
            status("done", "complete", 1, true),
            status("gone", "cancel", 1, true),
        ];
        let names = |stages: &Stages| stages.stages.iter().map(|stage| format!("{}@{}", stage.ext_id, stage.order)).collect::<Vec<_>>();
        let stages = build_of(&statuses, &groups, &[]);
        assert_eq!(names(&stages), ["status-new@10", "status-a@20", "status-b@30", "success@0", "failed@0"]);
        assert_eq!((stages.of("done").map(String::as_str), stages.of("gone").map(String::as_str)), (Some("success"), Some("failed")));
        assert_eq!(stages.of("old"), None, "the status is not in use");
        // Orders are in an unused status and in a deleted one.
        let stages = build_of(&statuses, &groups, &["old", "deleted"]);
        assert_eq!(names(&stages)[..5], ["status-new@10", "status-a@20", "status-old@30", "status-b@40", "status-deleted@50"]);
        assert_eq!(stages.stages[4].name, "deleted");
    }

    #[test]
    fn too_many_stages_are_merged_by_group_the_largest_first() {
        let groups = [group("new", 10), group("big", 20), group("small", 30)];
        let mut statuses: Vec<Status> = (0..80).map(|number| status(&format!("big{number}"), "big", number, true)).collect();
        statuses.extend((0..30).map(|number| status(&format!("small{number}"), "small", number, true)));
        let stages = build_of(&statuses, &groups, &[]);
        assert_eq!((stages.merged_groups.as_slice(), stages.stages.len()), (&["big".to_owned()][..], 31 + 2));
        assert_eq!(stages.of("big7").map(String::as_str), Some("group-big"));
        assert_eq!(stages.stages[0].name, "Группа big");
        let many: Vec<Status> = (0..150).map(|number| status(&format!("s{number}"), &format!("g{number}"), number, true)).collect();
        let stages = build_of(&many, &[], &[]);
        assert_eq!(stages.stages.len(), 100 + 2);
        assert!(many.iter().all(|status| stages.of(&status.code).is_some()));
    }

    #[test]
    fn stages_that_deals_were_in_are_kept() {
        let before = [status("a", "work", 1, true), status("b", "work", 2, true), status("c", "work", 3, true)];
        let known = funnel("default", "RetailCRM", &build_of(&before, &[], &["a"]));
        let after = [status("a", "complete", 1, true), status("b", "complete", 2, true), status("c", "work", 3, true)];
        let stages = build_of(&after, &[], &["a"]);
        let mut wanted = funnel("default", "RetailCRM", &stages);
        keep_used_stages(&mut wanted, &known, |code| code == "a");
        let names: Vec<&str> = wanted.stages.iter().map(|stage| stage.ext_id.as_str()).collect();
        assert_eq!(names, ["status-c", "success", "failed", "status-a"], "no deal was in b");
        // A second update with the same statuses changes nothing.
        let mut again = funnel("default", "RetailCRM", &stages);
        keep_used_stages(&mut again, &wanted, |code| code == "a");
        assert_eq!(format!("{again:?}"), format!("{wanted:?}"));
    }

    #[test]
    fn there_is_always_a_stage_in_process_and_one_of_each_end() {
        for statuses in [vec![], vec![status("done", "complete", 1, true), status("done2", "complete", 2, true)]] {
            let stages = build_of(&statuses, &[], &[]);
            let of = |wanted: StageStatus| stages.stages.iter().filter(|stage| stage.status == wanted).count();
            assert_eq!((of(StageStatus::InProcess), of(StageStatus::Success), of(StageStatus::Failed)), (1, 1, 1));
            assert!(stages.stages.iter().all(|stage| !stage.name.is_empty()));
        }
    }
}
