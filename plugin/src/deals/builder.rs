//! Builds deals from orders. One run has one builder, with RetailCRM's references, the current funnels and the orders' assignees. It turns
//! an order and its changes into the states of the order's deal.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{self, Draft};
use super::funnels::{self, Stages, StatusSource};
use super::known_deals::{self, KnownDeal};
use super::references::{self, References};
use super::run::Run;
use super::stages::{self, Change, OrderState, Step};
use super::{prerequisites, review};
use crate::appeals::communication;
use crate::base::keys::Key;
use crate::base::{digest, stored};
use crate::bindings::uis::integration::deals::{Deal, Funnel, Page, StageStatus};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::CONNECTION;

/// What happened to one order since the last run.
#[derive(Debug, Default)]
pub struct OrderChanges {
    /// Changes of the order's status.
    pub status_changes: Vec<Change>,
    /// The id of the order's last history record.
    pub record: i64,
    /// When that record was written.
    pub at: Option<Instant>,
}

/// How an order's deal is built.
#[derive(Debug, Clone, Copy)]
pub struct BuildOptions {
    /// Whether the history was read to its end.
    pub history_complete: bool,
    /// Whether the deal is built again because a setting or the meaning of statuses changed.
    pub resend: bool,
}

/// New states of one deal, and what is stored after UIS has accepted them.
pub struct DealUpdate {
    /// The order's number that people use.
    pub number: String,
    /// The order's id.
    pub order: i64,
    /// The states, oldest first.
    pub states: Vec<Deal>,
    /// The deal as it is in UIS after the upload.
    pub sent: KnownDeal,
}

/// The stage of each status that orders were in.
pub struct StageByStatus(BTreeMap<String, String>);

impl StageByStatus {
    /// Whether the stage of any status has changed, because the status moved to another group or its group was merged. In that case all
    /// deals have to be sent again.
    pub fn any_moved(&self, context: &Context<'_>) -> Result<bool, Failure> {
        let before: BTreeMap<String, String> = stored::load(context.platform, Key::DealsStages)?.unwrap_or_default();
        Ok(before.iter().any(|(code, stage)| self.0.get(code).is_some_and(|now| now != stage)))
    }

    /// Stores the stages, after the plan to send all deals again is stored.
    pub fn remember(&self, context: &Context<'_>) -> Result<(), Failure> {
        stored::put(context.platform, Key::DealsStages, &self.0, None)
    }
}

/// When a deal was created, and when its order last changed.
#[derive(Debug, Clone, Copy)]
struct DealTimes {
    created: Instant,
    modified: Option<Instant>,
}

/// Builds the deals of one run.
pub struct DealBuilder<'a> {
    run: &'a Run<'a>,
    references: References,
    stages: Stages,
    /// Funnels by the shop's code.
    funnels: BTreeMap<String, Funnel>,
    /// Names of assignees by user id; users that UIS refused are not in it.
    assignees: BTreeMap<i64, String>,
    /// Statuses that orders are or were in.
    used_statuses: Vec<String>,
    /// Contacts and fields that UIS refused: deals are sent without them, and the digest of a deal is that of what was sent. So a deal is
    /// sent again when UIS has taken them.
    refused: RefusedParts,
}

/// Ids of records that UIS refused.
#[derive(Debug, Default)]
pub struct RefusedParts {
    /// Contacts.
    pub contacts: BTreeSet<String>,
    /// Fields.
    pub fields: BTreeSet<String>,
}

impl<'a> DealBuilder<'a> {
    /// Loads the references and brings the funnels up to date.
    pub fn prepare(run: &'a Run<'a>, drafts: &[Draft], order_changes: &BTreeMap<i64, OrderChanges>) -> Result<DealBuilder<'a>, Failure> {
        let (context, settings) = (run.context, run.settings);
        let changes = || order_changes.values().flat_map(|changes| &changes.status_changes);
        let mut statuses: Vec<&str> = drafts.iter().map(|draft| draft.status.as_str()).collect();
        statuses.extend(changes().flat_map(|change| [change.to.as_str(), change.from.as_deref().unwrap_or_default()]));
        statuses.retain(|status| !status.is_empty());
        statuses.sort_unstable();
        statuses.dedup();
        let sites: BTreeSet<&str> = drafts.iter().map(|draft| draft.site.as_str()).collect();
        let named: Vec<&str> = statuses.iter().copied().chain(sites.iter().copied().filter(|site| !site.is_empty())).collect();
        let references = references::load(context, &named)?;
        references.put(context)?;
        let mut used_statuses = references::used_statuses(context)?;
        references::add_used_statuses(context, &mut used_statuses, &statuses)?;
        let stages = funnels::build_stages(&StatusSource {
            statuses: &references.statuses,
            groups: &references.groups,
            success: &settings.deal_success_groups,
            failed: &settings.deal_failed_groups,
            used: &used_statuses,
        });
        report_merged_groups(run, &stages)?;
        let mut funnels = BTreeMap::new();
        for site in sites {
            let funnel = prerequisites::funnel_of(settings, site, references.site(site));
            funnels.insert(site.to_owned(), prerequisites::funnel(run, &funnel, &stages, &used_statuses)?);
        }
        // Funnels without new states must follow RetailCRM's statuses, too.
        for ext_id in prerequisites::known_funnels(context.platform) {
            if funnels.values().any(|funnel| funnel.ext_id == ext_id) {
                continue;
            }
            let site = ext_id.strip_prefix("shop-").unwrap_or_default();
            let funnel = prerequisites::funnel_of(settings, site, references.site(site));
            if funnel.0 == ext_id {
                prerequisites::funnel(run, &funnel, &stages, &used_statuses)?;
            }
        }
        Ok(DealBuilder { run, references, stages, funnels, assignees: BTreeMap::new(), used_statuses, refused: RefusedParts::default() })
    }

    /// Makes sure that the orders' assignees exist in UIS.
    pub fn upload_assignees(&mut self, drafts: &[Draft]) -> Result<(), Failure> {
        let managers: BTreeSet<i64> = drafts.iter().filter_map(|draft| draft.manager).collect();
        for manager in managers {
            let name = self.references.assignee_name(self.run.context, manager)?;
            self.assignees.insert(manager, name);
        }
        self.references.put(self.run.context)?;
        let refused = prerequisites::employees(self.run, &self.assignees)?;
        // Deals of a refused assignee are sent without an assignee.
        self.assignees.retain(|manager, _| !refused.contains(&prerequisites::employee_ext_id(*manager)));
        Ok(())
    }

    /// Leaves these parts out of all deals.
    pub fn without(&mut self, refused: RefusedParts) {
        self.refused = refused;
    }

    /// The stages to be stored when the run is done.
    pub fn into_stages(self) -> StageByStatus {
        let stage = |code: &String| Some((code.clone(), self.stages.of(code)?.clone()));
        StageByStatus(self.used_statuses.iter().filter_map(stage).collect())
    }

    fn funnel(&self, site: &str) -> Result<&Funnel, Failure> {
        self.funnels.get(site).ok_or_else(|| Failure::Rejected(format!("there is no funnel for the shop {site}")))
    }

    fn stage(&self, funnel: &Funnel, status: &str, known: Option<&KnownDeal>) -> String {
        self.stages.of_in(status, &self.references.statuses, funnel, known.map(|known| &known.stage)).unwrap_or_default()
    }

    /// The new states of an order's deal; none if nothing changed.
    pub fn update_of(
        &self,
        draft: &Draft,
        order_changes: &OrderChanges,
        created: Instant,
        options: BuildOptions,
    ) -> Result<Option<DealUpdate>, Failure> {
        let funnel = self.funnel(&draft.site)?;
        let there = |stage: &str| funnel.stages.iter().any(|known| known.ext_id == stage);
        let remembered = known_deals::read(self.run.context, draft.order)?.unwrap_or_default();
        let known = Some(&remembered).filter(|known| !known.stage.is_empty());
        // If RetailCRM's clock is ahead, limit the time to now; otherwise no later change could follow it.
        let since = self.run.context.instant(&draft.since)?.unwrap_or(created).min(self.run.context.platform.now());
        let state = OrderState { created, status: draft.status.clone(), since, history_complete: options.history_complete };
        let pending = remembered.pending.iter().filter(|(stage, _)| there(stage));
        let mut steps: Vec<Step> = pending.map(|(stage, since)| Step { stage: stage.clone(), since: *since }).collect();
        // Stages that UIS refused count as sent here; they are sent again together with the new ones.
        let refused = steps.last().map(|last| KnownDeal { stage: last.stage.clone(), since: last.since, ..remembered.clone() });
        let before = refused.as_ref().or(known);
        let found = stages::new_stages(&state, &order_changes.status_changes, before, |status| self.stage(funnel, status, before));
        steps.extend(found.steps);
        if let (true, Some(known)) = (steps.is_empty(), known) {
            // The stage is unchanged, but the funnel may differ, or the settings may map the status to another stage.
            let stage =
                if there(&known.stage) && !options.resend { known.stage.clone() } else { self.stage(funnel, &draft.status, Some(known)) };
            steps.push(Step { stage, since: known.since });
        }
        // The creation time never changes after it was first sent, and no stage may begin before it.
        let created = remembered.created.unwrap_or_else(|| steps.first().map_or(created, |first| created.min(first.since)));
        let times = DealTimes { created, modified: order_changes.at };
        let states: Result<Vec<Deal>, Failure> = steps.iter().map(|step| self.deal(draft, funnel, step, times)).collect();
        let states = states?;
        let any = !states.is_empty();
        let states = review::review(self.run.context, draft, states);
        let Some(last) = states.last() else {
            if any {
                // A rule skipped the deal: store the stages, so that they are sent when no rule skips it any more.
                let pending = steps.into_iter().map(|step| (step.stage, step.since)).collect();
                let record = remembered.record.max(order_changes.record);
                let entry = KnownDeal { record, ahead: found.ahead, pending, created: Some(created), ..remembered };
                known_deals::put(self.run.context, draft.order, &entry)?;
            }
            return Ok(None);
        };
        let digest = digest::of(&Deal { modified: None, ..last.clone() });
        let entry = KnownDeal {
            record: remembered.record.max(order_changes.record),
            since: last.stage_modified,
            stage: last.stage_ext_id.clone(),
            funnel: funnel.ext_id.clone(),
            ahead: found.ahead,
            digest,
            refused: 0,
            pending: Vec::new(),
            created: Some(created),
        };
        let nothing_new = known.is_some_and(|known| known.digest == digest) || remembered.refused == digest;
        if nothing_new {
            if remembered.record != entry.record || remembered.ahead != entry.ahead {
                known_deals::put(self.run.context, draft.order, &KnownDeal { record: entry.record, ahead: entry.ahead, ..remembered })?;
            }
            return Ok(None);
        }
        Ok(Some(DealUpdate { number: draft.number.clone(), order: draft.order, states, sent: entry }))
    }

    fn deal(&self, draft: &Draft, funnel: &Funnel, step: &Step, times: DealTimes) -> Result<Deal, Failure> {
        let ended = self.stages.meaning(&step.stage) != StageStatus::InProcess;
        let mut user_fields: Vec<(String, String)> = draft.fields.iter().map(|field| (field.ext_id.clone(), field.value.clone())).collect();
        if !draft.site.is_empty() {
            user_fields.insert(0, (draft::SITE_FIELD.to_owned(), self.references.site(&draft.site).to_owned()));
        }
        user_fields.retain(|(id, _)| !self.refused.fields.contains(id));
        // The mark contains the chat's own id; the id of its communication is in the stored chat.
        let communication = draft.mark.map_or(Ok(None), |mark| communication::of(self.run.context, mark))?;
        Ok(Deal {
            ext_id: draft::ext_id(draft.order),
            name: draft.name.clone(),
            created: times.created,
            stage_modified: step.since,
            modified: times.modified.map(|at| at.max(step.since)),
            closed: ended.then(|| step.since.max(times.created)),
            funnel_ext_id: funnel.ext_id.clone(),
            stage_ext_id: step.stage.clone(),
            contact_ext_ids: draft
                .contacts
                .iter()
                .map(|contact| contact.ext_id.clone())
                .filter(|id| !self.refused.contacts.contains(id))
                .collect(),
            employee_ext_id: draft.manager.filter(|manager| self.assignees.contains_key(manager)).map(prerequisites::employee_ext_id),
            revenue: draft.revenue.clone(),
            comments: draft.comments.clone(),
            source: draft.source.clone(),
            communication: communication.map(|(kind, id)| (kind.to_owned(), id)),
            user_fields,
            page: Some(Page { connection: CONNECTION.to_owned(), url: format!("/orders/{}/edit", draft.order) }),
        })
    }
}

/// Reports which groups were merged into one stage each, if that changed.
fn report_merged_groups(run: &Run<'_>, stages: &Stages) -> Result<(), Failure> {
    let platform = run.context.platform;
    let before: Vec<String> = stored::load(platform, Key::DealsMergedGroups)?.unwrap_or_default();
    if before == stages.merged_groups {
        return Ok(());
    }
    if !stages.merged_groups.is_empty() {
        let groups = stages.merged_groups.join(", ");
        run.leave_out(
            "stages of single statuses",
            format!("UIS accepts at most 100 stages in process, so each of these groups has only one stage: {groups}"),
        );
    }
    stored::put(platform, Key::DealsMergedGroups, &stages.merged_groups, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::deals::Stage;
    use crate::deals::draft::{Contact, FieldValue};
    use crate::deals::ids::Ids;
    use crate::fake::Fake;
    use crate::settings::Settings;

    fn draft() -> Draft {
        let contact = |ext_id: &str| Contact {
            ext_id: ext_id.into(),
            name: "Инна".into(),
            created: String::new(),
            phones: vec!["79222001055".into()],
            emails: Vec::new(),
        };
        Draft {
            order: 231,
            number: "231".into(),
            name: "Заказ №231".into(),
            site: "main".into(),
            status: "new".into(),
            since: "2026-11-23 10:00:00".into(),
            created: "2026-11-23 10:00:00".into(),
            manager: None,
            revenue: Some("4200".into()),
            comments: None,
            source: None,
            mark: None,
            contacts: vec![contact("customer-19"), contact("customer-20")],
            fields: vec![FieldValue { ext_id: "field-lamp".into(), value: "E27".into(), numeric: false }],
        }
    }

    /// The contacts and fields of the deal that would be sent now; none if it is not sent.
    fn sent(run: &Run<'_>, contacts: &[&str], fields: &[&str]) -> Option<(Vec<String>, usize)> {
        let stage = Stage { ext_id: "status-new".into(), name: "Новый".into(), status: StageStatus::InProcess, order: 1 };
        let funnel = Funnel { ext_id: "shop-main".into(), name: "Основной".into(), stages: vec![stage] };
        let texts = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let builder = DealBuilder {
            run,
            references: References::default(),
            stages: Stages::default(),
            funnels: [("main".to_owned(), funnel)].into(),
            assignees: BTreeMap::new(),
            used_statuses: Vec::new(),
            refused: RefusedParts { contacts: texts(contacts), fields: texts(fields) },
        };
        let options = BuildOptions { history_complete: true, resend: false };
        let update = builder.update_of(&draft(), &OrderChanges::default(), 0, options).expect("built")?;
        known_deals::put(run.context, update.order, &update.sent).expect("stored");
        update.states.last().map(|deal| (deal.contact_ext_ids.clone(), deal.user_fields.len()))
    }

    #[test]
    fn a_deal_is_sent_again_when_a_part_that_uis_refused_is_taken() {
        let fake = Fake::default();
        fake.now.set(1_800_000_000_000);
        let context = Context::with_settings(&fake, Settings { deals: true, ..Settings::default() });
        let run = Run::new(&context, Ids::plain(), Vec::new()).expect("a run");
        let one = || vec!["customer-20".to_owned()];
        assert_eq!(sent(&run, &["customer-19"], &["field-lamp"]), Some((one(), 1)));
        assert_eq!(sent(&run, &["customer-19"], &["field-lamp"]), None, "it is in UIS as it can be");
        assert_eq!(sent(&run, &["customer-19"], &[]), Some((one(), 2)), "the field was mended");
        assert_eq!(sent(&run, &[], &[]).map(|(contacts, _)| contacts.len()), Some(2), "the contact was mended");
        assert_eq!(sent(&run, &[], &[]), None);
        // An older version stored the digest of a deal with the parts that UIS had refused.
        let stored = known_deals::read(&context, 231).expect("read").expect("a deal");
        known_deals::put(&context, 231, &KnownDeal { digest: 7, ..stored }).expect("stored");
        assert!(sent(&run, &["customer-19"], &[]).is_some() && sent(&run, &["customer-19"], &[]).is_none(), "once, not on every run");
    }
}
