//! The condition language of the settings: «Фильтр входящих», «Фильтровать заявки», «Основные условия» and the like.
//!
//! A row compares one parameter of an appeal with chosen values: «Включить» passes when the parameter has one of them, «Исключить» when it
//! has none of them. Rows of a group are joined by «И», groups by «ИЛИ». Without groups everything passes.
//!
//! While an appeal goes on, a parameter may not be known yet. A row on it is then undecided, and so is the whole unless the other rows
//! decide it. When the appeal has ended, an unknown parameter is an absent one: it passes no «Включить» and every «Исключить».

use serde::{Deserialize, Serialize};

/// Groups of rows.
pub type Conditions = Vec<Vec<Row>>;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Row {
    /// «Параметр».
    pub parameter: Parameter,
    /// «Условие».
    pub condition: Condition,
    /// «Значение»: ids of the account's objects; for [`Parameter::VirtualNumber`] canonical digits, for [`Parameter::Source`] and
    /// [`Parameter::RequestType`] names.
    pub values: Vec<String>,
}

/// What a row compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// «Виртуальный номер».
    VirtualNumber,
    /// «Название сценария».
    Scenario,
    /// «Сайт».
    Site,
    /// «Источник».
    Source,
    /// «Рекламная кампания».
    Campaign,
    /// «Сотрудник».
    Employee,
    /// «Тег».
    Tag,
    /// «Канал».
    Channel,
    /// «Тип заявки».
    RequestType,
}

/// How a row compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// «Включить».
    Include,
    /// «Исключить».
    Exclude,
}

/// What conditions say about an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It does not pass.
    Fail,
    /// A parameter that decides is not known yet.
    Undecided,
}

/// Whether an appeal's parameter has one of a row's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It has.
    Yes,
    /// It has none of them.
    No,
    /// It is not known yet, or more values may follow.
    NotYet,
}

/// Evaluates conditions. `matches` compares an appeal's parameter with a row's values, and is called only as often as needed.
pub fn evaluate<E>(conditions: &[Vec<Row>], mut matches: impl FnMut(&Row) -> Result<Match, E>) -> Result<Verdict, E> {
    if conditions.is_empty() {
        return Ok(Verdict::Pass);
    }
    let mut undecided = false;
    for group in conditions {
        match all(group, &mut matches)? {
            Verdict::Pass => return Ok(Verdict::Pass),
            Verdict::Undecided => undecided = true,
            Verdict::Fail => {}
        }
    }
    Ok(if undecided { Verdict::Undecided } else { Verdict::Fail })
}

/// Evaluates the rows of one group.
fn all<E>(rows: &[Row], matches: &mut impl FnMut(&Row) -> Result<Match, E>) -> Result<Verdict, E> {
    let mut undecided = false;
    for row in rows {
        match (row.condition, matches(row)?) {
            (Condition::Include, Match::No) | (Condition::Exclude, Match::Yes) => return Ok(Verdict::Fail),
            (_, Match::NotYet) => undecided = true,
            (Condition::Include, Match::Yes) | (Condition::Exclude, Match::No) => {}
        }
    }
    Ok(if undecided { Verdict::Undecided } else { Verdict::Pass })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn row(parameter: Parameter, condition: Condition, values: &[&str]) -> Row {
        Row { parameter, condition, values: values.iter().map(|value| (*value).to_owned()).collect() }
    }

    /// An appeal whose site and channel are known.
    fn verdict(conditions: &[Vec<Row>], site: Option<&str>, channel: Option<&str>) -> Verdict {
        let matched: Result<Verdict, Infallible> = evaluate(conditions, |row| {
            let known = if row.parameter == Parameter::Site { site } else { channel };
            Ok(match known {
                Some(known) if row.values.iter().any(|value| value == known) => Match::Yes,
                Some(_) => Match::No,
                None => Match::NotYet,
            })
        });
        let Ok(verdict) = matched;
        verdict
    }

    #[test]
    fn the_truth_tables_of_include_and_exclude_joined_by_and_and_or() {
        use Condition::{Exclude, Include};
        use Verdict::{Fail, Pass, Undecided};
        let site = |condition| row(Parameter::Site, condition, &["a", "b"]);
        let channel = |condition| row(Parameter::Channel, condition, &["x"]);
        // The verdicts for: site a and channel x; site a, channel y; site c, channel x; site c, channel y; site a, channel not known;
        // site c, channel not known.
        let table = [
            (vec![], [Pass; 6]),
            (vec![vec![site(Include)]], [Pass, Pass, Fail, Fail, Pass, Fail]),
            (vec![vec![site(Exclude)]], [Fail, Fail, Pass, Pass, Fail, Pass]),
            (vec![vec![site(Include), channel(Include)]], [Pass, Fail, Fail, Fail, Undecided, Fail]),
            (vec![vec![site(Include)], vec![channel(Include)]], [Pass, Pass, Pass, Fail, Pass, Undecided]),
            (vec![vec![site(Exclude), channel(Exclude)]], [Fail, Fail, Fail, Pass, Fail, Undecided]),
            // To shut out only this site in this channel, one writes two «Исключить» joined by «ИЛИ».
            (vec![vec![site(Exclude)], vec![channel(Exclude)]], [Fail, Pass, Pass, Pass, Undecided, Pass]),
            (vec![vec![site(Include), channel(Exclude)]], [Fail, Pass, Fail, Fail, Undecided, Fail]),
            (vec![vec![site(Exclude)], vec![channel(Include)]], [Pass, Fail, Pass, Pass, Undecided, Pass]),
        ];
        let appeals = [("a", Some("x")), ("a", Some("y")), ("c", Some("x")), ("c", Some("y")), ("a", None), ("c", None)];
        for (conditions, expected) in table {
            let found = appeals.map(|(site, channel)| verdict(&conditions, Some(site), channel));
            assert_eq!(found, expected, "{conditions:?}");
        }
    }

    /// What the language means, written down without regard to cost: an undecided row may turn out either way, and the verdict is what all
    /// ways agree on.
    fn naive(conditions: &[Vec<Row>], facts: &[Match]) -> Verdict {
        let mut seen = [false, false];
        let open: Vec<usize> = (0..facts.len()).filter(|index| facts[*index] == Match::NotYet).collect();
        for way in 0..1_usize << open.len() {
            let is = |parameter: usize| match open.iter().position(|index| *index == parameter) {
                Some(place) => way >> place & 1 == 1,
                None => facts[parameter] == Match::Yes,
            };
            let passes = |row: &Row| is(row.parameter as usize) == (row.condition == Condition::Include);
            let whole = conditions.is_empty() || conditions.iter().any(|group| group.iter().all(passes));
            seen[usize::from(whole)] = true;
        }
        match seen {
            [false, true] => Verdict::Pass,
            [true, false] => Verdict::Fail,
            _ => Verdict::Undecided,
        }
    }

    proptest! {
        /// Each parameter stands in one row at most: only then does an undecided row depend on nothing else.
        #[test]
        fn the_evaluation_agrees_with_a_naive_one(
            shape in proptest::collection::vec((0..4_usize, any::<bool>()), 0..6),
            facts in proptest::collection::vec(0..3_u8, 6),
        ) {
            const PARAMETERS: [Parameter; 6] = [Parameter::VirtualNumber, Parameter::Scenario, Parameter::Site, Parameter::Source,
                Parameter::Campaign, Parameter::Employee];
            let mut conditions: Conditions = Vec::new();
            for (index, (group, include)) in shape.iter().enumerate() {
                let row = row(PARAMETERS[index], if *include { Condition::Include } else { Condition::Exclude }, &["x"]);
                if *group == 0 || conditions.is_empty() { conditions.push(vec![row]) } else { conditions.last_mut().expect("a group").push(row) }
            }
            let facts: Vec<Match> = facts.iter().map(|fact| [Match::Yes, Match::No, Match::NotYet][usize::from(*fact)]).collect();
            let found: Result<Verdict, Infallible> = evaluate(&conditions, |row| Ok(facts[row.parameter as usize]));
            let Ok(found) = found;
            prop_assert_eq!(found, naive(&conditions, &facts), "{:?} {:?}", conditions, facts);
        }
    }
}
