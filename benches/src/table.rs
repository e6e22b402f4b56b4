//! Rows, their values by round, and the table.

use std::collections::BTreeMap;

/// What a row's value must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The value must not be larger.
    AtMost(f64),
    /// The value must not be smaller.
    AtLeast(f64),
}

impl Target {
    /// Whether a value meets the target.
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Target::AtMost(most) => value <= most,
            Target::AtLeast(least) => value >= least,
        }
    }

    fn shown(self) -> String {
        match self {
            Target::AtMost(most) => format!("≤ {}", number(most)),
            Target::AtLeast(least) => format!("≥ {}", number(least)),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The name by which the row is chosen and described.
    pub name: &'static str,
    /// What is measured, in a few words; `docs/performance.md` says it in full.
    pub input: &'static str,
    /// The unit of the value; empty for a ratio.
    pub unit: &'static str,
    /// The target, if there is one.
    pub target: Option<Target>,
}

/// The target of a row as the tables have it; empty when there is none.
pub fn shown_target(row: &Row) -> String {
    row.target.map_or_else(String::new, Target::shown)
}

/// A value with its spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// The median of the rounds.
    pub median: f64,
    /// The smallest value of a round.
    pub least: f64,
    /// The largest value of a round.
    pub most: f64,
}

/// The median; the mean of the two in the middle when their number is even. None without values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// The values of all rows, one for each round in which the row was measured.
#[derive(Debug, Default)]
pub struct Values(BTreeMap<&'static str, Vec<f64>>);

impl Values {
    /// Adds the value of the next round.
    pub fn add(&mut self, row: &'static str, value: f64) {
        self.0.entry(row).or_default().push(value);
    }

    /// The value of a row over all rounds; none when it was not measured.
    pub fn figure(&self, row: &str) -> Option<Figure> {
        figure(self.0.get(row)?)
    }

    /// The ratio of two rows, computed within each round; none when one of them was not measured.
    pub fn ratio(&self, over: &str, under: &str) -> Option<Figure> {
        let ratios: Vec<f64> = self.0.get(over)?.iter().zip(self.0.get(under)?).map(|(over, under)| over / under).collect();
        figure(&ratios)
    }
}

fn figure(values: &[f64]) -> Option<Figure> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    let most = values.iter().copied().max_by(f64::total_cmp)?;
    Some(Figure { median: median(values)?, least, most })
}

/// A number with three significant digits, and with all digits before the point; groups of three from 10 000 on.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals > 0 {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if value.abs() < 10_000.0 {
        return text;
    }
    let groups: Vec<String> = text.chars().rev().collect::<Vec<_>>().chunks(3).map(|group| group.iter().rev().collect()).collect();
    groups.into_iter().rev().collect::<Vec<_>>().join(" ")
}

fn spread(figure: &Figure) -> String {
    match (number(figure.least), number(figure.most)) {
        (least, most) if least == most => least,
        (least, most) => format!("{least} – {most}"),
    }
}

/// The table of these rows, as Markdown with columns of equal width.
pub fn table(rows: &[&Row], values: &Values) -> String {
    let heading = ["row", "input", "value", "spread", "unit", "target", "met"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let figure = values.figure(row.name);
        let (value, spread) = figure.as_ref().map_or_else(|| ("not measured".into(), String::new()), |of| (number(of.median), spread(of)));
        let target = shown_target(row);
        let met = match (row.target, figure) {
            (Some(target), Some(figure)) if target.is_met(figure.median) => "yes",
            (Some(_), Some(_)) => "no",
            _ => "",
        };
        [format!("`{}`", row.name), row.input.to_owned(), value, spread, row.unit.to_owned(), target, met.to_owned()]
    });
    aligned(&heading, &cells.collect::<Vec<_>>())
}

/// The table of ratios; pairs of which a row was not measured are left out.
pub fn ratios(pairs: &[(&'static str, &'static str)], values: &Values) -> String {
    let heading = ["ratio", "value", "spread"].map(str::to_owned);
    let cells = pairs.iter().filter_map(|(over, under)| {
        let figure = values.ratio(over, under)?;
        Some([format!("`{over}` / `{under}`"), number(figure.median), spread(&figure)])
    });
    aligned(&heading, &cells.collect::<Vec<_>>())
}

/// A table as Markdown.
fn aligned<const COLUMNS: usize>(heading: &[String; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| [heading].into_iter().chain(rows).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: String = widths.iter().map(|width| format!("|{}", "-".repeat(width + 2))).collect();
    format!("{}{rule}|\n{}", line(heading), rows.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        let shown: Vec<String> = [0.0, 0.904, 2.5, 12.0, 12.34, 107.4, 2600.4, 10_000.0, 1_529_040.0].into_iter().map(number).collect();
        assert_eq!(shown, ["0", "0.9", "2.5", "12", "12.3", "107", "2600", "10 000", "1 529 040"]);
    }

    #[test]
    fn a_ratio_is_computed_within_each_round() {
        let mut values = Values::default();
        for (over, under) in [(10.0, 5.0), (30.0, 10.0), (100.0, 100.0)] {
            values.add("over", over);
            values.add("under", under);
        }
        assert_eq!(values.ratio("over", "under"), Some(Figure { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(values.ratio("over", "absent"), None);
        assert_eq!(
            ratios(&[("over", "under"), ("over", "absent")], &values),
            "| ratio            | value | spread |\n|------------------|-------|--------|\n| `over` / `under` | 2     | 1 – 3  |\n"
        );
    }

    #[test]
    fn the_table_has_value_spread_and_target_of_each_row() {
        let row = |name, target| Row { name, input: "x", unit: "µs", target };
        let rows = [
            row("slow", Some(Target::AtMost(12.0))),
            row("fast", Some(Target::AtLeast(10_000.0))),
            row("free", None),
            row("absent", Some(Target::AtMost(1.0))),
        ];
        let mut values = Values::default();
        [14.0, 13.0, 20.0].into_iter().for_each(|value| values.add("slow", value));
        values.add("fast", 10_000.0);
        values.add("free", 0.5);
        assert_eq!(
            table(&rows.iter().collect::<Vec<_>>(), &values),
            "| row      | input | value        | spread  | unit | target   | met |\n\
             |----------|-------|--------------|---------|------|----------|-----|\n\
             | `slow`   | x     | 14           | 13 – 20 | µs   | ≤ 12     | no  |\n\
             | `fast`   | x     | 10 000       | 10 000  | µs   | ≥ 10 000 | yes |\n\
             | `free`   | x     | 0.5          | 0.5     | µs   |          |     |\n\
             | `absent` | x     | not measured |         | µs   | ≤ 1      |     |\n"
        );
    }
}
