//! Events that wait, their attempts and ends, and how an integration stands.

use futures_util::future::join;

use super::Owner;
use crate::event::Event;
use crate::ports::{End, IntegrationState, KeptEvent, Origin, Store};
use crate::suites::samples::{self, NOW, kept, timer};
use crate::suites::step_aside;

pub(super) async fn check(store: &dyn Store) {
    events_come_back_as_they_were_kept(&Owner::new(store, "inbox-values")).await;
    events_wait_in_order(&Owner::new(store, "inbox-order")).await;
    attempts_are_counted(&Owner::new(store, "begin")).await;
    finished_events_wait_no_more(&Owner::new(store, "finish")).await;
    an_event_again_keeps_its_place(&Owner::new(store, "again")).await;
    dead_letters_are_listed_and_revived(&Owner::new(store, "dead")).await;
    the_state_changes(&Owner::new(store, "states")).await;
    an_end_changes_the_state(&Owner::new(store, "end-states")).await;
    an_end_is_one_step(store).await;
}

async fn events_come_back_as_they_were_kept(owner: &Owner<'_>) {
    assert!(owner.waiting().await.is_empty(), "an owner without events has none waiting");
    let mut all = Vec::new();
    for (index, text) in samples::texts().into_iter().enumerate() {
        for (kind, event) in samples::events(&text).into_iter().enumerate() {
            let event = KeptEvent {
                id: format!("{index}-{kind}"),
                ordering_key: text.clone(),
                origin: Origin(u64::MAX),
                what: text.clone(),
                event,
                attempt: u32::MAX,
                received: i64::MIN,
                not_before: i64::MAX,
                reason: Some(text.clone()),
                reported: true,
            };
            owner.keep(&event).await;
            all.push(event);
        }
    }
    let waiting = owner.waiting().await;
    assert_eq!(waiting.len(), all.len(), "every kept event waits");
    for (waiting, kept) in waiting.iter().zip(&all) {
        assert!(waiting == kept, "an event comes back as it was kept: {} came as {} ({})", kept.id, waiting.id, waiting.event.handler());
    }
}

async fn events_wait_in_order(owner: &Owner<'_>) {
    // Neither the ids nor the times are in order.
    let ids: Vec<String> = (0..300_u32).map(|index| format!("id-{}", index.wrapping_mul(7919) % 1000)).collect();
    for (index, id) in ids.iter().enumerate() {
        let at = NOW - index as i64;
        owner.keep(&KeptEvent { received: at, not_before: at, ..kept(id, Event::Activate) }).await;
    }
    assert_eq!(owner.waiting_ids().await, ids, "events wait in the order in which they were kept");
}

async fn attempts_are_counted(owner: &Owner<'_>) {
    let (first, second) = (kept("first", Event::Activate), kept("second", Event::Deactivate));
    owner.keep(&first).await;
    owner.keep(&second).await;
    owner.begin("first", 3).await;
    owner.begin("unknown", 9).await;
    let expected = [KeptEvent { attempt: 3, ..first }, second];
    assert_eq!(owner.waiting().await, expected, "begin writes the number of the attempt down, and changes nothing else");
}

async fn finished_events_wait_no_more(owner: &Owner<'_>) {
    for id in ["a", "b", "c", "d"] {
        owner.keep(&kept(id, Event::Activate)).await;
    }
    owner.finish("b", End::Done, None).await;
    assert_eq!(owner.waiting_ids().await, ["a", "c", "d"], "an event that is done with waits no more");
    owner.finish("c", End::Dead("it can never succeed".into()), None).await;
    assert_eq!(owner.waiting_ids().await, ["a", "d"], "an event that can never succeed waits no more");
    owner.finish("b", End::Done, None).await;
    owner.finish("unknown", End::Dead(String::new()), None).await;
    owner.finish("c", End::Again(Box::new(kept("c", Event::Activate))), None).await;
    assert_eq!(owner.waiting_ids().await, ["a", "d"], "the end of an event that is finished already, or unknown, changes nothing");
}

async fn an_event_again_keeps_its_place(owner: &Owner<'_>) {
    for id in ["a", "b", "c"] {
        owner.keep(&kept(id, Event::Action(id.into()))).await;
    }
    owner.begin("b", 1).await;
    let again = KeptEvent {
        attempt: 2,
        not_before: NOW + 60_000,
        reason: Some("the CRM is busy".into()),
        reported: true,
        ..kept("b", Event::Action("b".into()))
    };
    owner.finish("b", End::Again(Box::new(again.clone())), None).await;
    owner.keep(&kept("d", Event::Activate)).await;
    let waiting = owner.waiting().await;
    let ids: Vec<&str> = waiting.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"], "an event that is tried again keeps its place in the order");
    assert_eq!(waiting.get(1), Some(&again), "an event that is tried again has its new state");
    owner.begin("b", 3).await;
    let attempts: Vec<u32> = owner.waiting().await.iter().map(|event| event.attempt).collect();
    assert_eq!(attempts, [1, 3, 1, 1], "begin counts the attempts of an event that is tried again");
    owner.finish("b", End::Done, None).await;
    assert_eq!(owner.waiting_ids().await, ["a", "c", "d"], "an event that was tried again can be done with");
}

async fn dead_letters_are_listed_and_revived(owner: &Owner<'_>) {
    assert_eq!(owner.dead_ids(None, 10).await, [] as [String; 0], "an owner without dead letters has none");
    for id in ["a", "b", "c", "d"] {
        owner.keep(&KeptEvent { received: NOW - 5, not_before: NOW + 5, ..kept(id, Event::Action(id.into())) }).await;
    }
    for id in ["c", "a", "b"] {
        owner.begin(id, 2).await;
        owner.finish(id, End::Dead(format!("{id} cannot succeed")), None).await;
    }
    assert_eq!(owner.dead_ids(None, 10).await, ["c", "a", "b"], "dead letters are listed in the order in which they died");
    assert_eq!(owner.dead_ids(None, 2).await, ["c", "a"], "a list of dead letters has at most `limit`");
    assert_eq!(owner.dead_ids(Some("c"), 1).await, ["a"], "a list of dead letters goes on after the given one");
    assert_eq!(owner.dead_ids(Some("b"), 9).await, [] as [String; 0], "a list of dead letters ends");
    let first = owner.dead_letters(None, 1).await.pop();
    assert_eq!(first.map(|dead| dead.why).as_deref(), Some("c cannot succeed"), "a dead letter has the reason");
    let revived = owner.revive("a").await;
    let expected = KeptEvent { received: NOW - 5, attempt: 2, not_before: 0, ..kept("a", Event::Action("a".into())) };
    assert_eq!(revived.as_ref(), Some(&expected), "a revived event has its time of receipt, and its next attempt may begin at once");
    assert_eq!(owner.waiting_ids().await, ["d", "a"], "a revived event waits behind all others");
    assert_eq!(owner.waiting().await.last(), Some(&expected), "a revived event waits as it was returned");
    assert_eq!(owner.dead_ids(None, 10).await, ["c", "b"], "a revived event is no dead letter any more");
    for id in ["a", "d", "unknown"] {
        assert_eq!(owner.revive(id).await, None, "only a dead letter can be revived");
    }
    owner.finish("a", End::Done, None).await;
    assert_eq!(owner.waiting_ids().await, ["d"], "a revived event can be done with");
}

async fn the_state_changes(owner: &Owner<'_>) {
    use IntegrationState::{Activating, Active, Inactive, Paused};
    assert_eq!(owner.state().await, Inactive, "an integration is inactive until its state is changed");
    owner.put("key", b"").await;
    owner.keep(&kept("event", Event::Activate)).await;
    for state in [Activating, Active, Paused, Active, Active, Inactive] {
        owner.set_state(state).await;
        assert_eq!(owner.state().await, state, "set_state changes how the integration stands");
    }
    assert!(owner.get("key").await.is_some(), "an integration that becomes inactive keeps its storage");
    assert_eq!(owner.waiting_ids().await, ["event"], "an integration that becomes inactive keeps its events");
    owner.commit().await;
    owner.commit().await;
    assert!(owner.get("key").await.is_some(), "commit changes nothing that can be read");
}

async fn an_end_changes_the_state(owner: &Owner<'_>) {
    use IntegrationState::{Active, Inactive, Paused};
    for id in ["a", "b", "c", "d", "e"] {
        owner.keep(&kept(id, Event::Activate)).await;
    }
    owner.arm(timer("timer", 10, None)).await;
    owner.finish("a", End::Done, Some(Active)).await;
    assert_eq!(owner.state().await, Active, "finish changes how the integration stands");
    owner.finish("b", End::Done, None).await;
    assert_eq!(owner.state().await, Active, "finish without a state leaves it as it is");
    let again = kept("c", Event::Activate);
    owner.finish("c", End::Again(Box::new(again)), Some(Paused)).await;
    assert_eq!(owner.state().await, Paused, "an event that is tried again can change how the integration stands");
    assert_eq!(owner.timer_names().await, ["timer"], "an end that does not make the integration inactive leaves its timers");
    owner.finish("d", End::Dead("no".into()), Some(Inactive)).await;
    assert_eq!(owner.state().await, Inactive, "an event that can never succeed can change how the integration stands");
    assert!(owner.timers().await.is_empty(), "an end that makes the integration inactive takes its timers");
    assert_eq!(owner.waiting_ids().await, ["c", "e"], "an end that makes the integration inactive leaves the other events");
}

/// Whoever looks meanwhile sees the event waiting in the former state, or no event and the next state.
async fn an_end_is_one_step(store: &dyn Store) {
    use IntegrationState::{Active, Inactive};
    for round in 0..30 {
        let owner = Owner::new(store, &format!("end-step-{round}"));
        owner.keep(&kept("event", Event::Activate)).await;
        let finishing = async {
            step_aside().await;
            owner.finish("event", End::Done, Some(Active)).await;
        };
        let watching = async {
            for _ in 0..3 {
                let state = owner.state().await;
                let waiting = owner.waiting_ids().await;
                assert!(state == Inactive || waiting.is_empty(), "finish is one step: the state changed before the event was done with");
                let waiting = owner.waiting_ids().await;
                let state = owner.state().await;
                assert!(!waiting.is_empty() || state == Active, "finish is one step: the event was done with before the state changed");
                step_aside().await;
            }
        };
        join(finishing, watching).await;
    }
}
