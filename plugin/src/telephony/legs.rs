//! The phones that take part in a call, and whose pop-ups are still needed. A user may have several employees in UIS, and an employee several
//! phones; the user's pop-up stays open until the last of these legs has ended.

use super::story::{Leg, Popup, Story};
use crate::bindings::uis::integration::types::Instant;

impl Story {
    /// Adds the phone of an employee that rings; false if an event reported it before.
    pub fn add_leg(&mut self, leg: Leg) -> bool {
        self.adopt_legs();
        let same = |known: &Leg| {
            let same_leg = leg.leg_id.is_some() && known.leg_id == leg.leg_id;
            known.employee_id == leg.employee_id && (same_leg || known.rung_at >= leg.rung_at)
        };
        let is_new = !self.legs.iter().any(same);
        if is_new {
            self.legs.push(leg);
        }
        is_new
    }

    /// Adds a talk that began at `at`. Events about talks may arrive in any order, and repeatedly.
    pub fn add_talk(&mut self, who: Option<i64>, at: Instant) {
        self.talk_times.resize(self.talks.len(), self.talk_at.unwrap_or_default());
        let place = self.talk_times.partition_point(|known| *known <= at);
        let repeated = |(known, time): (&Option<i64>, &Instant)| *time == at && (*known == who || who.is_none());
        let neighbours = [place.checked_sub(1), Some(place)];
        let goes_on = who.is_some() && neighbours.into_iter().flatten().any(|index| self.talks.get(index) == Some(&who));
        if !goes_on && !self.talks.iter().zip(&self.talk_times).any(repeated) {
            self.talks.insert(place, who);
            self.talk_times.insert(place, at);
        }
        self.talk_at = self.talk_at.max(Some(at));
    }

    /// Ends the legs that `over` selects, and returns the open pop-ups of their users who have no other leg; again after a failure.
    pub fn end_legs(&mut self, over: impl Fn(&Leg) -> bool) -> Vec<Popup> {
        self.adopt_legs();
        let mut users = Vec::new();
        for leg in self.legs.iter_mut().filter(|leg| over(leg)) {
            leg.ended = true;
            users.extend(leg.user_id);
        }
        self.open_popups(|popup| users.contains(&popup.user_id) && !self.has_leg(popup.user_id))
    }

    /// Whether a leg of the user goes on.
    fn has_leg(&self, user_id: i64) -> bool {
        self.legs.iter().any(|leg| leg.user_id == Some(user_id) && !leg.ended)
    }

    /// Whether the pop-up's user talked, on any of their phones.
    pub fn has_talked(&self, popup: &Popup) -> bool {
        let by_leg = |leg: &Leg| leg.user_id == Some(popup.user_id) && self.talks.contains(&Some(leg.employee_id));
        (popup.employee_id.is_some() && self.talks.contains(&popup.employee_id)) || self.legs.iter().any(by_leg)
    }

    /// The employee whose phone rang last; an id. If only strangers to RetailCRM rang, the last of them.
    pub fn rung_last(&self) -> Option<i64> {
        let reported = self.end.as_ref().and_then(|end| end.rung_last);
        let last = |users: bool| self.legs.iter().filter(|leg| leg.user_id.is_some() || !users).max_by_key(|leg| leg.rung_at);
        let by_legs = || last(true).or_else(|| last(false)).map(|leg| leg.employee_id);
        let by_popup = || self.popups.last().and_then(|popup| popup.employee_id);
        reported.filter(|id| *id != 0).or_else(by_legs).or_else(by_popup)
    }

    /// The employee whose phone rang first, of those who are users of RetailCRM; an id.
    pub fn rung_first(&self) -> Option<i64> {
        let first = self.legs.iter().filter(|leg| leg.user_id.is_some()).min_by_key(|leg| leg.rung_at);
        first.map(|leg| leg.employee_id).or_else(|| self.popups.first().and_then(|popup| popup.employee_id))
    }

    /// Makes legs of pop-ups that a version without legs stored.
    fn adopt_legs(&mut self) {
        for popup in self.popups.iter().filter(|popup| !popup.closed) {
            if let (Some(employee_id), false) = (popup.employee_id, self.legs.iter().any(|leg| leg.user_id == Some(popup.user_id))) {
                let (user_id, rung_at) = (Some(popup.user_id), popup.rung_at);
                self.legs.push(Leg { employee_id, user_id, rung_at, ..Leg::default() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(employee_id: i64, user: i64, rung_at: Instant) -> Leg {
        Leg { employee_id, user_id: Some(user).filter(|user| *user != 0), leg_id: Some(employee_id * 10), rung_at, ended: false }
    }

    fn with_popups(users: &[i64]) -> Story {
        let popup = |user_id: &i64| Popup { user_id: *user_id, employee_id: Some(*user_id * 100), ..Popup::default() };
        Story { popups: users.iter().map(popup).collect(), ..Story::default() }
    }

    fn users(popups: &[Popup]) -> Vec<i64> {
        popups.iter().map(|popup| popup.user_id).collect()
    }

    #[test]
    fn a_pop_up_is_needed_until_the_last_leg_of_its_user_has_ended() {
        let mut story = with_popups(&[5, 6]);
        story.popups.iter_mut().for_each(|popup| popup.employee_id = None);
        for leg in [leg(1, 5, 10), leg(2, 5, 10), leg(3, 6, 10)] {
            assert!(story.add_leg(leg));
        }
        assert_eq!(users(&story.end_legs(|leg| leg.employee_id == 1)), [0; 0], "the second phone still rings");
        assert_eq!(users(&story.end_legs(|leg| leg.employee_id == 3)), [6]);
        assert_eq!(users(&story.end_legs(|leg| leg.employee_id == 1)), [0; 0], "the leg has ended before, and the other one goes on");
        for _ in 0..2 {
            assert_eq!(users(&story.end_legs(|leg| leg.employee_id == 2)), [5], "again if the pop-up could not be closed");
        }
    }

    #[test]
    fn a_repeated_ringing_is_known_by_its_leg_or_its_time() {
        let mut story = Story::default();
        assert!(story.add_leg(leg(1, 5, 10)));
        assert!(!story.add_leg(leg(1, 5, 20)), "the same leg");
        assert!(!story.add_leg(Leg { leg_id: None, ..leg(1, 5, 10) }));
        assert!(story.add_leg(Leg { leg_id: Some(99), ..leg(1, 5, 20) }), "the phone rings once more");
        assert!(story.add_leg(leg(2, 5, 10)), "another phone at the same time");
    }

    #[test]
    fn talks_are_in_the_order_in_which_they_began() {
        let mut story = Story::default();
        for (who, at) in [(Some(1), 10), (Some(3), 30), (Some(2), 20), (Some(3), 30), (None, 20), (Some(3), 35), (Some(1), 40)] {
            story.add_talk(who, at);
        }
        assert_eq!(story.talks, [Some(1), Some(2), Some(3), Some(1)]);
        assert_eq!((story.talk_at, story.talker(), story.first_talker()), (Some(40), Some(1), Some(1)));
    }

    #[test]
    fn a_story_of_a_version_without_legs_is_continued() {
        let mut story = with_popups(&[5, 6]);
        story.talks = vec![Some(500)];
        story.talk_at = Some(10);
        assert_eq!(users(&story.end_legs(|leg| leg.employee_id == 600)), [6]);
        assert!(story.has_talked(&story.popups[0]) && !story.has_talked(&story.popups[1]));
        story.add_talk(Some(700), 20);
        assert_eq!((story.talks.len(), story.rung_first()), (2, Some(500)));
    }

    #[test]
    fn the_last_phone_that_rang_is_the_last_by_time() {
        let mut story = Story::default();
        for leg in [leg(1, 5, 30), leg(2, 6, 20), leg(3, 0, 40)] {
            story.add_leg(leg);
        }
        assert_eq!((story.rung_last(), story.rung_first()), (Some(1), Some(2)), "employees who are no users come last");
        story.legs.retain(|leg| leg.user_id.is_none());
        assert_eq!((story.rung_last(), story.rung_first()), (Some(3), None));
    }
}
