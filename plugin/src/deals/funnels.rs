//! Funnels of RetailCRM's statuses. UIS wants exactly one stage for success, one for failure, and 1 to 100 in process; RetailCRM has as many
//! statuses as its owner likes, in groups. So the groups of ends become the two, and where there are too many others, whole groups become
//! one stage each, the largest first. Pure.

use std::collections::BTreeMap;

use crate::base::template;
use crate::bindings::uis::integration::deals::{Funnel, Stage, StageStatus};
use crate::retailcrm::reference::{Status, StatusGroup};

/// UIS's most stages in process.
const STAGES_MAX: usize = 100;
/// Between the places of two stages, so that UIS can put its own between them.
const STEP: u32 = 10;
/// UIS's longest title, in characters `[inferred]`.
const NAME_MAX: usize = 255;
/// The stage of success, and of failure.
const SUCCESS: &str = "success";
const FAILED: &str = "failed";

/// The stages of all funnels of the account, and which status is which.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stages {
    /// As UIS is told.
    pub stages: Vec<Stage>,
    /// The stage of a status.
    of_status: BTreeMap<String, String>,
    /// Groups whose statuses became one stage.
    pub merged_groups: Vec<String>,
}

impl Stages {
    /// The stage of a status that is known.
    pub fn of(&self, status: &str) -> Option<&String> {
        self.of_status.get(status)
    }

    /// The stage of a status in a funnel that could not be brought to these stages: its own, else the one that the deal is in (`known`),
    /// else one of its group's, else the first.
    pub fn of_in(&self, status: &str, statuses: &[Status], funnel: &Funnel, known: Option<&String>) -> Option<String> {
        let there = |stage: &&String| funnel.stages.iter().any(|known| known.ext_id == **stage);
        let group = statuses.iter().find(|known| known.code == status).map(|known| &known.group);
        let of_group = || statuses.iter().filter(|known| Some(&known.group) == group).filter_map(|known| self.of(&known.code)).find(there);
        let own = self.of(status).filter(there).or(known.filter(there)).or_else(of_group).cloned();
        own.or_else(|| funnel.stages.iter().find(|stage| stage.status == StageStatus::InProcess).map(|stage| stage.ext_id.clone()))
    }

    /// What a stage means.
    pub fn meaning(&self, stage: &str) -> StageStatus {
        self.stages.iter().find(|known| known.ext_id == stage).map_or(StageStatus::InProcess, |known| known.status)
    }
}

/// What the funnels are made of.
pub struct StatusSource<'a> {
    /// All statuses of RetailCRM.
    pub statuses: &'a [Status],
    /// Their groups, in order.
    pub groups: &'a [StatusGroup],
    /// Groups of won orders.
    pub success: &'a [String],
    /// Groups of lost ones.
    pub failed: &'a [String],
    /// Statuses that orders are or were in, whether RetailCRM still has them or not.
    pub used: &'a [String],
}

/// A status in process on its way to a stage.
struct Open<'a> {
    code: &'a str,
    name: &'a str,
    group: &'a str,
}

/// Makes the stages.
pub fn build_stages(source: &StatusSource<'_>) -> Stages {
    let mut stages = Stages::default();
    let place = |group: &str| source.groups.iter().position(|known| known.code == group).unwrap_or(usize::MAX);
    let is_used = |code: &str| source.used.iter().any(|known| known == code);
    // What nobody uses and no order was in is no stage.
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
    // Statuses that were deleted in RetailCRM are stages still: deals were in them.
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
        // More groups than stages: the last ones share one.
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

/// Groups that become one stage each, so that there are not too many: those with the most statuses first.
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

/// Keeps stages that deals were in, as UIS wants it (`used`, by the status): of statuses that ended meanwhile, or that a group stands for now. Those that have no
/// room any more are the ones that UIS will complain of.
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
    fn stages_stand_in_the_order_of_groups_and_statuses() {
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
        assert_eq!(stages.of("old"), None, "nobody uses it");
        // An order is in one that is out of use, and in one that RetailCRM does not have any more.
        let stages = build_of(&statuses, &groups, &["old", "deleted"]);
        assert_eq!(names(&stages)[..5], ["status-new@10", "status-a@20", "status-old@30", "status-b@40", "status-deleted@50"]);
        assert_eq!(stages.stages[4].name, "deleted");
    }

    #[test]
    fn too_many_are_folded_by_their_groups_the_largest_first() {
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
    fn stages_that_deals_were_in_stay() {
        let before = [status("a", "work", 1, true), status("b", "work", 2, true), status("c", "work", 3, true)];
        let known = funnel("default", "RetailCRM", &build_of(&before, &[], &["a"]));
        let after = [status("a", "complete", 1, true), status("b", "complete", 2, true), status("c", "work", 3, true)];
        let stages = build_of(&after, &[], &["a"]);
        let mut wanted = funnel("default", "RetailCRM", &stages);
        keep_used_stages(&mut wanted, &known, |code| code == "a");
        let names: Vec<&str> = wanted.stages.iter().map(|stage| stage.ext_id.as_str()).collect();
        assert_eq!(names, ["status-c", "success", "failed", "status-a"], "nobody was in b");
        // So it is again: nothing changes by itself.
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
