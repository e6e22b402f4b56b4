//! What every [`DealsApi`] does. Funnels, contacts, employees and fields are created and stay: UIS deletes none of them for us.

use crate::bindings::uis::integration::deals::{
    Deal, DealContact, DealEmployee, DealsError, Funnel, Stage, StageStatus, UserField, UserFieldType,
};
use crate::ports::DealsApi;

/// An account's deals.
pub struct Fixture<'a> {
    /// The implementation, with some 80 points to spend.
    pub deals: &'a dyn DealsApi,
    /// The present, in milliseconds since 1970.
    pub now: i64,
    /// Begins all ids that the suite uses. Nothing in the account has an id with this beginning.
    pub prefix: &'a str,
    /// How many states a deal has, those that UIS put in itself included; none: there is no such deal. For an implementation that cannot
    /// say, always none: then uploads are checked by their answers only.
    pub states: Option<&'a StatesOf<'a>>,
}

/// How many states the deal with this id has.
pub type StatesOf<'a> = dyn Fn(&str) -> Option<usize> + Sync + 'a;

type Done = Result<(), DealsError>;

/// Checks every promise of [`DealsApi`] but [`without_points`].
pub async fn conforms(fixture: &Fixture<'_>) {
    funnels(fixture).await;
    what_deals_refer_to(fixture).await;
    bad_deals_are_refused_whole(fixture).await;
    histories_grow(fixture).await;
    deals_are_deleted(fixture).await;
}

/// Checks an account that has no points left: every method answers `busy`, with the time after which there may be some again.
pub async fn without_points(deals: &dyn DealsApi) {
    let funnel = Funnel { ext_id: "f".into(), name: "f".into(), stages: Vec::new() };
    let answers = [
        ("funnels", deals.funnels(0).await.map(drop)),
        ("create_funnel", deals.create_funnel(funnel.clone()).await),
        ("update_funnel", deals.update_funnel(funnel).await),
        ("put_employees", deals.put_employees(vec![DealEmployee { ext_id: "e".into(), name: "e".into() }]).await),
        ("put_contacts", deals.put_contacts(Vec::new()).await),
        ("put_user_fields", deals.put_user_fields(vec![field("u", UserFieldType::Text)]).await),
        ("upload_history", deals.upload_history(Vec::new()).await),
        ("delete_deal", deals.delete_deal("d").await),
    ];
    for (method, answer) in answers {
        let Err(DealsError::Busy(after_ms)) = answer else { panic!("without points {method} answers busy: {answer:?}") };
        assert!(after_ms > 0, "busy names a positive time: {method}");
    }
}

fn taken(what: &str, answer: Done) {
    assert!(answer.is_ok(), "UIS takes {what}: {answer:?}");
}

fn refused(mnemonics: &[&str], what: &str, answer: Done) {
    let Err(DealsError::Refused(refusal)) = &answer else { panic!("UIS refuses {what} by {mnemonics:?}: {answer:?}") };
    let known = mnemonics.contains(&refusal.mnemonic.as_str());
    assert!(known, "a refusal has the Data API's mnemonic: {what} by {mnemonics:?}, not {refusal:?}");
}

fn stage(ext_id: &str, status: StageStatus, order: u32) -> Stage {
    Stage { ext_id: ext_id.into(), name: format!("Этап {ext_id}"), status, order }
}

fn field(ext_id: &str, data_type: UserFieldType) -> UserField {
    UserField { ext_id: ext_id.into(), name: "Поле".into(), data_type }
}

impl Fixture<'_> {
    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn funnel(&self, name: &str) -> Funnel {
        let mut stages = vec![stage("won", StageStatus::Success, 0), stage("lost", StageStatus::Failed, 0)];
        stages.extend((1..=4).map(|order| stage(&format!("s{order}"), StageStatus::InProcess, order)));
        Funnel { ext_id: self.id(name), name: "Воронка".into(), stages }
    }

    fn contact(&self, name: &str) -> DealContact {
        DealContact {
            ext_id: self.id(name),
            name: "Анна".into(),
            created: self.now - 5_000_000,
            phone_numbers: vec!["79161234567".into()],
            emails: vec!["anna@example.com".into()],
        }
    }

    /// A state of a deal that refers to everything, so many seconds after the deal was created.
    fn deal(&self, name: &str, stage: &str, seconds: i64) -> Deal {
        let created = self.now - 4_000_000;
        Deal {
            ext_id: self.id(name),
            name: "Заказ".into(),
            created,
            stage_modified: created + seconds * 1000,
            modified: None,
            closed: None,
            funnel_ext_id: self.id("funnel"),
            stage_ext_id: stage.into(),
            contact_ext_ids: vec![self.id("contact")],
            employee_ext_id: Some(self.id("employee")),
            revenue: Some("1299.50".into()),
            comments: None,
            source: None,
            communication: Some(("call".into(), 17)),
            user_fields: vec![(self.id("number"), "-5.25".into()), (self.id("text"), "слово".into())],
            page: None,
        }
    }

    fn states_are(&self, name: &str, expected: Option<usize>, promise: &str) {
        if let Some(states) = self.states {
            assert_eq!(states(&self.id(name)), expected, "{promise} (states of {name})");
        }
    }
}

async fn funnel_of(fixture: &Fixture<'_>, id: &str) -> Option<Funnel> {
    let mut offset = 0;
    loop {
        let page = fixture.deals.funnels(offset).await.unwrap_or_else(|error| panic!("UIS lists funnels: {error:?}"));
        assert!(page.len() <= crate::limits::DIRECTORY_PAGE, "a page of funnels has {} rows", page.len());
        offset += u32::try_from(page.len()).ok().filter(|rows| *rows > 0)?;
        if let Some(found) = page.into_iter().find(|funnel| funnel.ext_id == id) {
            return Some(found);
        }
    }
}

async fn funnels(fixture: &Fixture<'_>) {
    let (deals, whole) = (fixture.deals, fixture.funnel("funnel"));
    let without =
        |status| Funnel { stages: whole.stages.iter().filter(|stage| stage.status != status).cloned().collect(), ..whole.clone() };
    let with = |stage: Stage| Funnel { stages: whole.stages.iter().cloned().chain([stage]).collect(), ..whole.clone() };
    let value = ["invalid_parameter_value", "invalid_parameters_combination", "required_parameter_missed"];
    for (what, status) in [("won", StageStatus::Success), ("lost", StageStatus::Failed), ("in process", StageStatus::InProcess)] {
        refused(&value, &format!("a funnel without a stage {what}"), deals.create_funnel(without(status)).await);
    }
    let second = stage("won2", StageStatus::Success, 0);
    refused(
        &["invalid_parameter_value", "invalid_parameters_combination"],
        "a funnel with two stages won",
        deals.create_funnel(with(second)).await,
    );
    let twice = stage("s1", StageStatus::InProcess, 9);
    refused(&["duplicate_entity", "invalid_parameters_combination"], "two stages with one id", deals.create_funnel(with(twice)).await);
    let far = stage("far", StageStatus::InProcess, 10_001);
    refused(&["invalid_parameter_value", "data_limit_exceeded"], "a stage at a place over 10000", deals.create_funnel(with(far)).await);
    let nameless = Funnel { name: String::new(), ..whole.clone() };
    refused(&["required_parameter_missed", "invalid_parameter_value"], "a funnel without a name", deals.create_funnel(nameless).await);
    refused(&["entity_not_found"], "a change of an unknown funnel", deals.update_funnel(whole.clone()).await);
    assert_eq!(funnel_of(fixture, &whole.ext_id).await, None, "a funnel that was refused is not there");

    taken("a funnel", deals.create_funnel(whole.clone()).await);
    let listed = funnel_of(fixture, &whole.ext_id).await.unwrap_or_else(|| panic!("a funnel that was created is listed"));
    assert_eq!(ids(&listed), ids(&whole), "a funnel is listed with its stages");
    refused(&["duplicate_entity"], "a funnel that is there already", deals.create_funnel(whole.clone()).await);
    let mut changed = Funnel { name: "Другая".into(), ..whole.clone() };
    changed.stages.retain(|stage| stage.ext_id != "s4");
    taken("a change of a funnel", deals.update_funnel(changed.clone()).await);
    let listed = funnel_of(fixture, &whole.ext_id).await.expect("the funnel is there");
    assert_eq!((listed.name.as_str(), ids(&listed)), ("Другая", ids(&changed)), "update_funnel gives a funnel its name and these stages");
    let bad = Funnel { stages: without(StageStatus::Failed).stages, ..changed.clone() };
    refused(&value, "a change that leaves no stage lost", deals.update_funnel(bad).await);
    let listed = funnel_of(fixture, &whole.ext_id).await.expect("the funnel is there");
    assert_eq!(ids(&listed), ids(&changed), "a refused change leaves the funnel as it was");
    taken("a stage that comes back", deals.update_funnel(whole).await);
}

/// The ids of a funnel's stages.
fn ids(funnel: &Funnel) -> std::collections::BTreeSet<&str> {
    funnel.stages.iter().map(|stage| stage.ext_id.as_str()).collect()
}

async fn what_deals_refer_to(fixture: &Fixture<'_>) {
    let (deals, contact) = (fixture.deals, fixture.contact("contact"));
    let future = DealContact { created: fixture.now + 600_000, ..fixture.contact("bad-contact") };
    let dates = ["invalid_parameter_value", "invalid_date_time"];
    refused(&dates, "a contact from the future", deals.put_contacts(vec![contact.clone(), future]).await);
    let phone = DealContact { phone_numbers: vec!["+7 916".into()], ..fixture.contact("bad-contact") };
    refused(&["invalid_parameter_value"], "a phone number with other characters", deals.put_contacts(vec![contact.clone(), phone]).await);
    let many = vec![contact.clone(); 1001];
    refused(&["data_limit_exceeded", "invalid_parameter_value"], "1001 contacts", deals.put_contacts(many).await);
    taken("no contacts", deals.put_contacts(Vec::new()).await);

    let nameless = DealEmployee { ext_id: fixture.id("bad-employee"), name: String::new() };
    let missed = ["required_parameter_missed", "invalid_parameter_value"];
    refused(&missed, "an employee without a name", deals.put_employees(vec![nameless]).await);
    let (number, text) = (field(&fixture.id("number"), UserFieldType::Numeric), field(&fixture.id("text"), UserFieldType::Text));
    taken("user fields", deals.put_user_fields(vec![number.clone(), text]).await);
    let retyped = UserField { data_type: UserFieldType::Text, ..number.clone() };
    refused(
        &["invalid_parameter_value", "unexpected_parameters"],
        "another type of a user field",
        deals.put_user_fields(vec![retyped]).await,
    );
    taken("another name of a user field", deals.put_user_fields(vec![UserField { name: "Иначе".into(), ..number }]).await);

    // What was refused beside them is not there, and they are not, either: a call is taken whole or not at all.
    let deal = fixture.deal("early", "s1", 0);
    refused(&["entity_not_found"], "a deal of a contact that is not there", deals.upload_history(vec![deal]).await);
    taken("a contact", deals.put_contacts(vec![contact.clone()]).await);
    taken("a contact again, changed", deals.put_contacts(vec![DealContact { name: "Мария".into(), ..contact }]).await);
    let deal = fixture.deal("early", "s1", 0);
    refused(&["entity_not_found"], "a deal of an employee who is not there", deals.upload_history(vec![deal]).await);
    let employee = DealEmployee { ext_id: fixture.id("employee"), name: "Пётр".into() };
    taken("an employee", deals.put_employees(vec![employee.clone()]).await);
    taken("an employee again, renamed", deals.put_employees(vec![DealEmployee { name: "Павел".into(), ..employee }]).await);
    fixture.states_are("early", None, "a deal that was refused is not there");
}

async fn bad_deals_are_refused_whole(fixture: &Fixture<'_>) {
    let good = || fixture.deal("whole", "s1", 10);
    let base = || fixture.deal("bad", "s1", 10);
    let value = ["invalid_parameter_value", "data_type_error", "invalid_date_time"];
    let unknown = ["entity_not_found"];
    let missed = ["required_parameter_missed", "invalid_parameter_value"];
    let bad: Vec<(&str, &[&str], Deal)> = vec![
        ("a deal without a name", &missed, Deal { name: " ".into(), ..base() }),
        ("a deal from the future", &value, Deal { created: fixture.now + 600_000, stage_modified: fixture.now + 600_000, ..base() }),
        ("a stage that began before the deal", &value, Deal { stage_modified: base().created - 1000, ..base() }),
        ("a deal that was closed before it was created", &value, Deal { closed: Some(base().created - 1000), ..base() }),
        ("a deal of an unknown funnel", &unknown, Deal { funnel_ext_id: fixture.id("no-funnel"), ..base() }),
        ("a deal in an unknown stage", &unknown, Deal { stage_ext_id: "nowhere".into(), ..base() }),
        ("a deal of an unknown contact", &unknown, Deal { contact_ext_ids: vec![fixture.id("nobody")], ..base() }),
        ("a deal of an unknown employee", &unknown, Deal { employee_ext_id: Some(fixture.id("nobody")), ..base() }),
        ("an unknown user field", &unknown, Deal { user_fields: vec![(fixture.id("no-field"), "1".into())], ..base() }),
        ("a revenue that is no number", &value, Deal { revenue: Some("1 299,50".into()), ..base() }),
        ("a number that is none", &value, Deal { user_fields: vec![(fixture.id("number"), "five".into())], ..base() }),
        ("an unknown kind of communication", &value, Deal { communication: Some(("letter".into(), 1)), ..base() }),
        ("a second state before the first", &value, fixture.deal("whole", "s2", 9)),
    ];
    for (what, mnemonics, deal) in bad {
        refused(mnemonics, what, fixture.deals.upload_history(vec![good(), deal]).await);
        fixture.states_are("whole", None, "one bad record refuses the whole call: nothing of it is taken");
        fixture.states_are("bad", None, "a record that was refused is not taken");
    }
    let many = vec![good(); 1001];
    refused(&["data_limit_exceeded", "invalid_parameter_value"], "1001 states of deals", fixture.deals.upload_history(many).await);
    fixture.states_are("whole", None, "a call with too many records is refused whole");
}

async fn histories_grow(fixture: &Fixture<'_>) {
    let deals = fixture.deals;
    taken(
        "two states of a deal in one call",
        deals.upload_history(vec![fixture.deal("deal", "s1", 10), fixture.deal("deal", "s2", 20)]).await,
    );
    fixture.states_are("deal", Some(2), "both states of a deal are taken");
    taken("the same call again", deals.upload_history(vec![fixture.deal("deal", "s2", 20)]).await);
    fixture.states_are("deal", Some(2), "the last state again is no further state");
    let earlier = deals.upload_history(vec![fixture.deal("deal", "s3", 19)]).await;
    refused(&["invalid_parameter_value", "invalid_date_time"], "a stage that began before the last one", earlier);
    taken("a stage that began together with the last one", deals.upload_history(vec![fixture.deal("deal", "s4", 20)]).await);
    fixture.states_are("deal", Some(4), "the stage that was left out between two others is put in");
    let closed = Deal { closed: Some(fixture.now - 1000), ..fixture.deal("deal", "won", 30) };
    taken("the end of a deal", deals.upload_history(vec![closed]).await);
    let without_s2 = Funnel {
        stages: fixture.funnel("funnel").stages.into_iter().filter(|stage| stage.ext_id != "s2").collect(),
        ..fixture.funnel("funnel")
    };
    refused(&["dependency_error"], "a funnel without a stage that a deal was in", deals.update_funnel(without_s2).await);
}

async fn deals_are_deleted(fixture: &Fixture<'_>) {
    let deals = fixture.deals;
    taken("another deal", deals.upload_history(vec![fixture.deal("other", "s1", 5)]).await);
    taken("the end of a deal that is there", deals.delete_deal(&fixture.id("deal")).await);
    fixture.states_are("deal", None, "a deleted deal is gone");
    fixture.states_are("other", Some(1), "a deletion leaves the other deals");
    taken("the deletion of a deal that is gone: it is no error", deals.delete_deal(&fixture.id("deal")).await);
    taken("the deletion of a deal that never was: it is no error", deals.delete_deal(&fixture.id("never")).await);
    taken("a state before the deleted ones: the deal is a new one", deals.upload_history(vec![fixture.deal("deal", "s1", 1)]).await);
    fixture.states_are("deal", Some(1), "a deleted deal begins anew");
    fixture.states_are("other", Some(1), "a deletion leaves the other deals");
    for name in ["deal", "other"] {
        taken("the end of a deal that is there", deals.delete_deal(&fixture.id(name)).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Absent;
    use crate::suites::{broken, samples};

    #[test]
    fn the_suite_names_the_broken_promise() {
        let fixture = Fixture { deals: &Absent, now: samples::NOW, prefix: "t-", states: None };
        let found = broken(conforms(&fixture));
        assert!(found.contains("Data API's mnemonic: a funnel without a stage won"), "{found}");
        let found = broken(without_points(&Absent));
        assert!(found.contains("without points funnels answers busy") || found.contains("without points create_funnel"), "{found}");
    }
}
