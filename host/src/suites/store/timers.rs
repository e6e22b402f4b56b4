//! Timers.

use futures_util::future::join;

use super::{Owner, TIMER_ROOM};
use crate::bindings::uis::integration::timers::Timer;
use crate::event::Event;
use crate::ports::{IntegrationState, SetTimer, Store, TimerRoom};
use crate::suites::samples::{NOW, kept, timer};
use crate::suites::step_aside;

pub(super) async fn check(store: &dyn Store) {
    the_first_due_comes_first(&Owner::new(store, "timer-order")).await;
    a_name_has_one_timer(&Owner::new(store, "timer-names")).await;
    timers_come_back_as_they_were_set(&Owner::new(store, "timer-values")).await;
    their_number_is_limited(&Owner::new(store, "timer-number")).await;
    their_bytes_are_limited(&Owner::new(store, "timer-bytes")).await;
    firing_takes_out_and_keeps(&Owner::new(store, "fire")).await;
    a_gone_timer_keeps_nothing(&Owner::new(store, "fire-gone")).await;
    a_repeating_timer_keeps_its_beat(&Owner::new(store, "beat")).await;
    inactive_integrations_lose_timers(&Owner::new(store, "timer-states")).await;
    firing_is_one_step(store).await;
}

async fn the_first_due_comes_first(owner: &Owner<'_>) {
    assert_eq!(owner.next_timer().await, None, "without timers none is due");
    for (name, at) in [("b", 20), ("a", 20), ("B", 20), ("late", 30), ("ж", 20), ("first", 10), ("past", -5)] {
        owner.arm(timer(name, at, None)).await;
    }
    let names = owner.timer_names().await;
    assert_eq!(names, ["B", "a", "b", "first", "late", "past", "ж"], "timers() lists all timers by name");
    let mut order = Vec::new();
    while let Some(next) = owner.next_timer().await {
        assert!(owner.cancel(&next.timer.name).await, "next_timer gave a timer that cannot be cancelled: {:?}", next.timer.name);
        order.push(next.timer.name);
    }
    let expected = ["past", "first", "B", "a", "b", "ж", "late"];
    assert_eq!(order, expected, "the timer that is due first comes first, of several at one time the first by name");
}

async fn a_name_has_one_timer(owner: &Owner<'_>) {
    owner.arm(timer("name", 10, None)).await;
    owner.arm(timer("other", 15, None)).await;
    owner.arm(timer("name", 20, Some(5_000))).await;
    assert_eq!(owner.timer_names().await, ["name", "other"], "a timer replaces the one with the same name");
    let next = owner.next_timer().await.map(|set| set.timer.name);
    assert_eq!(next.as_deref(), Some("other"), "a replaced timer is no longer due at its former time");
    assert!(owner.cancel("name").await, "cancelling a timer that is set gives true");
    assert!(!owner.cancel("name").await, "cancelling a timer again gives false");
    assert!(!owner.cancel("never set").await, "cancelling an unknown timer gives false");
    assert_eq!(owner.timers().await, [timer("other", 15, None)], "cancelling one timer leaves the others");
}

async fn timers_come_back_as_they_were_set(owner: &Owner<'_>) {
    let of = |name: &str, at, every_ms, key: &str, payload: Vec<u8>| SetTimer {
        timer: Timer { name: name.into(), at, every_ms, ordering_key: key.into(), payload },
        origin: crate::ports::Origin(u64::from(u32::MAX)),
    };
    let timers = [
        of("\0", i64::MIN, None, "", Vec::new()),
        of("\0\0", i64::MAX, Some(u64::MAX), "\0", (0..=255).collect()),
        of("a'b\"%", NOW, Some(1000), "ключ", vec![0; 64 << 10]),
    ];
    for timer in &timers {
        owner.arm(timer.clone()).await;
    }
    assert_eq!(owner.timers().await, timers, "a timer comes back as it was set, whatever its texts, times and payload");
    assert_eq!(owner.next_timer().await.as_ref(), timers.first(), "next_timer gives the timer as it was set");
}

async fn their_number_is_limited(owner: &Owner<'_>) {
    let room = TimerRoom { timers: 2, ..TIMER_ROOM };
    for name in ["a", "b"] {
        assert_eq!(owner.set_timer(timer(name, 10, None), room).await, Ok(()), "as many timers as the limit says fit");
    }
    let refused = owner.set_timer(timer("c", 1, None), room).await;
    assert_eq!(refused, Err("limit timers = 2".into()), "one timer too many is refused by the limit's name");
    assert_eq!(owner.timer_names().await, ["a", "b"], "a refused timer changes nothing");
    let replaced = owner.set_timer(timer("a", 20, None), room).await;
    assert_eq!(replaced, Ok(()), "a timer that replaces another needs no room");
    assert!(owner.cancel("b").await, "cancelling a timer that is set gives true");
    assert_eq!(owner.set_timer(timer("c", 1, None), room).await, Ok(()), "a cancelled timer leaves its place");
    owner.fire("c", 1, None).await;
    assert_eq!(owner.set_timer(timer("d", 1, None), room).await, Ok(()), "a timer that fired leaves its place");
}

async fn their_bytes_are_limited(owner: &Owner<'_>) {
    let sized = |name: &str, bytes: usize| {
        let mut set = timer(name, 10, None);
        set.timer.payload = vec![0; bytes - name.len() - set.timer.ordering_key.len()];
        set
    };
    let room = TimerRoom { bytes: 100, ..TIMER_ROOM };
    assert_eq!(owner.set_timer(sized("a", 60), room).await, Ok(()), "names, keys and payloads count, nothing else");
    let refused = owner.set_timer(sized("b", 41), room).await;
    assert_eq!(refused, Err("limit timer-bytes = 100".into()), "a byte too many is refused by the limit's name");
    assert_eq!(owner.set_timer(sized("b", 40), room).await, Ok(()), "timers that fill the room exactly fit");
    assert_eq!(owner.set_timer(sized("a", 60), room).await, Ok(()), "the timer that is replaced leaves its room first");
    assert!(owner.set_timer(sized("a", 61), room).await.is_err(), "a longer timer found room where there is none");
    assert_eq!(owner.timers().await, [sized("a", 60), sized("b", 40)], "a refused timer leaves the one with its name as it was");
    assert!(owner.cancel("a").await, "cancelling a timer that is set gives true");
    assert_eq!(owner.set_timer(sized("c", 60), room).await, Ok(()), "a cancelled timer leaves its room");
}

async fn firing_takes_out_and_keeps(owner: &Owner<'_>) {
    owner.arm(timer("once", 10, None)).await;
    owner.arm(timer("other", 10, None)).await;
    let event = kept("suite-1", Event::Action("timer".into()));
    owner.fire("once", 10, Some(&event)).await;
    assert_eq!(owner.timer_names().await, ["other"], "a timer that fired once is gone, the others stay");
    assert_eq!(owner.waiting().await, [event], "the event of a timer that fired is kept");
    owner.fire("other", 10, None).await;
    assert!(owner.timers().await.is_empty(), "a timer that fired without an event is gone as well");
    assert_eq!(owner.waiting_ids().await, ["suite-1"], "a timer that fired without an event keeps none");
}

/// Both or neither: a timer that was cancelled or has fired cannot be taken out, so its event is not kept.
async fn a_gone_timer_keeps_nothing(owner: &Owner<'_>) {
    owner.arm(timer("once", 10, None)).await;
    let event = |id: &str| kept(id, Event::Action("timer".into()));
    assert!(owner.fire("once", 10, Some(&event("first"))).await, "firing a timer that is due gives true");
    assert!(!owner.fire("once", 10, Some(&event("second"))).await, "firing a timer that is gone gives false");
    assert!(!owner.fire("never set", 10, Some(&event("third"))).await, "firing a timer that was never set gives false");
    assert_eq!(owner.waiting_ids().await, ["first"], "firing a timer that is gone keeps nothing");
    assert!(owner.timers().await.is_empty(), "firing a timer that is gone sets none");
    owner.arm(timer("later", 20, None)).await;
    assert!(!owner.fire("later", 19, Some(&event("fourth"))).await, "firing a timer that was set anew for later gives false");
    assert_eq!(owner.timer_names().await, ["later"], "a timer that is not due stays");
    assert_eq!(owner.waiting_ids().await, ["first"], "a timer that is not due keeps no event");
}

async fn a_repeating_timer_keeps_its_beat(owner: &Owner<'_>) {
    let (every, first) = (1000, 10_000);
    owner.arm(timer("beat", first, Some(every))).await;
    let beats = [
        (10_000, 11_000, "fired in time, it is due one period later"),
        (11_300, 12_000, "fired late, it keeps its beat"),
        (15_999, 16_000, "beats that were missed run once"),
        (17_000, 18_000, "the next time is after now"),
    ];
    for (index, (now, next, promise)) in beats.into_iter().enumerate() {
        let event = kept(&format!("beat-{index}"), Event::Action("beat".into()));
        // A beat whose run before still waits is left out, and the next one is set all the same.
        owner.fire("beat", now, (index != 1).then_some(&event)).await;
        let expected = timer("beat", next, Some(every));
        assert_eq!(owner.timers().await, [expected], "a repeating timer: {promise}; all else stays as it was set");
    }
    assert_eq!(owner.waiting_ids().await, ["beat-0", "beat-2", "beat-3"], "each beat keeps its event, those without one keep none");
    // Plugins name any time and any period: neither may bring the store down, nor leave a timer that stays due.
    for (name, at, every) in [("past", i64::MIN, 1000), ("slow", NOW, u64::MAX), ("fast", i64::MIN, 1), ("never", i64::MAX, u64::MAX)] {
        owner.arm(timer(name, at, Some(every))).await;
        owner.fire(name, NOW, None).await;
        let next = owner.timers().await.into_iter().find(|set| set.timer.name == name).map(|set| set.timer.at);
        assert!(next.is_some_and(|at| at > NOW), "the next time of a repeating timer is after now: {name} has {next:?}");
    }
}

async fn inactive_integrations_lose_timers(owner: &Owner<'_>) {
    use IntegrationState::{Activating, Active, Inactive, Paused};
    owner.arm(timer("a", 10, None)).await;
    owner.arm(timer("b", 10, Some(1000))).await;
    for state in [Activating, Active, Paused, Active] {
        owner.set_state(state).await;
        assert_eq!(owner.timer_names().await, ["a", "b"], "an integration that becomes {state:?} keeps its timers");
    }
    owner.set_state(Inactive).await;
    assert!(owner.timers().await.is_empty(), "an integration that becomes inactive loses its timers");
    assert_eq!(owner.next_timer().await, None, "a lost timer is due no more");
    let room = TimerRoom { timers: 1, bytes: 20 };
    assert_eq!(owner.set_timer(timer("c", 10, None), room).await, Ok(()), "timers that were lost leave their room");
}

/// Whoever looks meanwhile sees the timer and no event, or the event and no timer.
async fn firing_is_one_step(store: &dyn Store) {
    for round in 0..30 {
        let owner = Owner::new(store, &format!("fire-step-{round}"));
        owner.arm(timer("timer", 10, None)).await;
        let event = kept("event", Event::Activate);
        let firing = async {
            step_aside().await;
            owner.fire("timer", 10, Some(&event)).await;
        };
        let watching = async {
            for _ in 0..3 {
                let waiting = owner.waiting().await;
                let armed = owner.timers().await;
                assert!(waiting.is_empty() || armed.is_empty(), "fire is one step: the event was kept before the timer was taken out");
                let armed = owner.timers().await;
                let waiting = owner.waiting().await;
                assert!(!armed.is_empty() || !waiting.is_empty(), "fire is one step: the timer was taken out before the event was kept");
                step_aside().await;
            }
        };
        join(firing, watching).await;
    }
}
