//! What goes wrong with notifications on their way, drawn from a seed: the same seed gives the same mishaps.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::stories::{Moment, What};

/// How long after the first copy the second one of a doubled notification comes, in milliseconds `[inferred]`.
const SECOND_COPY_MS: i64 = 1000;

/// How often something goes wrong: probabilities from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Odds {
    /// A notification comes twice.
    pub double: f64,
    /// A notification never comes.
    pub lose: f64,
    /// A notification comes later.
    pub late: f64,
    /// How much later, in seconds.
    pub late_seconds: u32,
    /// A notification comes after the next one of its story.
    pub reorder: f64,
    /// The seed.
    pub seed: u64,
}

impl Default for Odds {
    fn default() -> Self {
        Odds { double: 0.0, lose: 0.0, late: 0.0, late_seconds: 30, reorder: 0.0, seed: 1 }
    }
}

/// What went wrong with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mishap {
    /// It is the second copy.
    Doubled,
    /// It is not sent.
    Lost,
    /// It is sent later.
    Late,
    /// It is sent after the next one.
    Reordered,
}

/// A moment, and what goes wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Arranged {
    /// The moment, at the time at which it is sent.
    pub moment: Moment,
    /// When it would have been sent, in milliseconds after the story's beginning.
    pub meant: i64,
    /// What went wrong.
    pub mishap: Option<Mishap>,
}

/// Draws mishaps.
#[derive(Debug)]
pub struct Mishaps {
    odds: Odds,
    generator: ChaCha8Rng,
}

impl Mishaps {
    /// Mishaps with these probabilities. The error names the one that is none.
    pub fn new(odds: Odds) -> Result<Mishaps, String> {
        for (name, value) in [("double", odds.double), ("lose", odds.lose), ("late", odds.late), ("reorder", odds.reorder)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{name}: {value} is not a probability from 0 to 1"));
            }
        }
        Ok(Mishaps { odds, generator: ChaCha8Rng::seed_from_u64(odds.seed) })
    }

    fn hits(&mut self, probability: f64) -> bool {
        // Drawn in any case, so that one probability does not change what the others hit.
        let drawn = f64::from(self.generator.next_u32()) / (f64::from(u32::MAX) + 1.0);
        drawn < probability
    }

    /// Puts moments in the order in which they are sent, with what goes wrong. Rows of reports are never touched.
    pub fn arrange(&mut self, moments: Vec<Moment>) -> Vec<Arranged> {
        let times: Vec<(usize, i64)> =
            moments.iter().enumerate().filter(|(_, moment)| matches!(moment.what, What::Event { .. })).map(|(n, m)| (n, m.after)).collect();
        // A place is the time, and the number in the order of what has the same time.
        let mut placed: Vec<((i64, usize), Arranged)> = Vec::new();
        for (index, moment) in moments.into_iter().enumerate() {
            let meant = moment.after;
            if matches!(moment.what, What::Rows(_)) {
                placed.push(((meant, 2 * index), Arranged { moment, meant, mishap: None }));
                continue;
            }
            let Odds { double, lose, late, late_seconds, reorder, .. } = self.odds;
            let (lose, late, reorder, double) = (self.hits(lose), self.hits(late), self.hits(reorder), self.hits(double));
            let next = times.iter().find(|(other, _)| *other > index).filter(|_| reorder);
            let (place, mishap) = match (lose, late, next) {
                (true, _, _) => ((meant, 2 * index), Some(Mishap::Lost)),
                (_, true, _) => ((meant + i64::from(late_seconds) * 1000, 2 * index), Some(Mishap::Late)),
                (_, _, Some((other, after))) => ((*after, 2 * other + 1), Some(Mishap::Reordered)),
                _ => ((meant, 2 * index), None),
            };
            if double && !lose {
                let copy = Moment { after: place.0 + SECOND_COPY_MS, ..moment.clone() };
                placed.push(((copy.after, 2 * index), Arranged { moment: copy, meant, mishap: Some(Mishap::Doubled) }));
            }
            placed.push((place, Arranged { moment: Moment { after: place.0, ..moment }, meant, mishap }));
        }
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, arranged)| arranged).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn moments(count: i64) -> Vec<Moment> {
        let event = |n: i64| Moment {
            after: n * 2000,
            what: What::Event { mnemonic: "out_call", parameters: Map::from_iter([("n".into(), n.into())]) },
        };
        (0..count).flat_map(|n| [event(n), Moment { after: n * 2000, what: What::Rows(json!({"n": n})) }]).collect()
    }

    /// The numbers of the events in the order of sending, with what went wrong.
    fn sent(odds: Odds, count: i64) -> Vec<(i64, Option<Mishap>)> {
        let arranged = Mishaps::new(odds).expect("probabilities").arrange(moments(count));
        assert!(arranged.windows(2).all(|pair| pair[0].moment.after <= pair[1].moment.after));
        let rows = arranged.iter().filter(|one| matches!(one.moment.what, What::Rows(_)));
        assert_eq!(rows.clone().count() as i64, count);
        assert!(rows.clone().all(|one| one.mishap.is_none() && one.meant == one.moment.after));
        let number = |one: &Arranged| match &one.moment.what {
            What::Event { parameters, .. } => Some((parameters["n"].as_i64().expect("a number"), one.mishap)),
            What::Rows(_) => None,
        };
        arranged.iter().filter_map(number).collect()
    }

    #[test]
    fn without_odds_everything_comes_once_and_in_order() {
        assert_eq!(sent(Odds::default(), 5), (0..5).map(|n| (n, None)).collect::<Vec<_>>());
    }

    #[test]
    fn certain_mishaps_hit_everything() {
        let all = |odds: Odds| sent(odds, 4);
        assert!(all(Odds { lose: 1.0, double: 1.0, ..Odds::default() }).iter().all(|(_, mishap)| *mishap == Some(Mishap::Lost)));
        let doubled = all(Odds { double: 1.0, ..Odds::default() });
        let order = [(0, None), (0, Some(Mishap::Doubled)), (1, None), (1, Some(Mishap::Doubled))];
        assert_eq!((doubled.len(), &doubled[..4]), (8, &order[..]));
        let late = all(Odds { late: 1.0, late_seconds: 3, ..Odds::default() });
        assert_eq!(late, (0..4).map(|n| (n, Some(Mishap::Late))).collect::<Vec<_>>(), "all are equally late");
        let reordered = all(Odds { reorder: 1.0, ..Odds::default() });
        // Each comes after the place of the next one; the last one has none.
        assert_eq!(reordered.iter().filter(|(_, mishap)| *mishap == Some(Mishap::Reordered)).count(), 3);
        assert_eq!(reordered.last().map(|(n, _)| *n), Some(2));
    }

    #[test]
    fn a_seed_gives_the_same_mishaps_and_another_seed_others() {
        let odds = Odds { double: 0.2, lose: 0.2, late: 0.2, reorder: 0.2, late_seconds: 7, seed: 5 };
        let once = sent(odds, 60);
        assert_eq!(sent(odds, 60), once);
        assert_ne!(sent(Odds { seed: 6, ..odds }, 60), once);
        for mishap in [Mishap::Doubled, Mishap::Lost, Mishap::Late, Mishap::Reordered] {
            assert!(once.iter().any(|(_, found)| *found == Some(mishap)), "{mishap:?}");
        }
        let lost = |odds: Odds| -> Vec<i64> {
            sent(odds, 60).into_iter().filter(|(_, mishap)| *mishap == Some(Mishap::Lost)).map(|(n, _)| n).collect()
        };
        assert_eq!(lost(Odds { late: 0.0, double: 0.0, ..odds }), lost(odds), "each kind is drawn by itself");
    }

    #[test]
    fn what_is_no_probability_is_named() {
        let error = Mishaps::new(Odds { late: 1.5, ..Odds::default() }).expect_err("none");
        assert_eq!(error, "late: 1.5 is not a probability from 0 to 1");
    }
}
