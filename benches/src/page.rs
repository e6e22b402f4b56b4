//! The figures of a run as text, and their place in `docs/performance.md`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::rows::RATIOS;
use crate::table::{Row, Values, ratios, table};

/// The marker before the figures.
const BEGIN: &str = "<!-- figures: begin -->\n";
/// The marker after them.
const END: &str = "<!-- figures: end -->";

/// The figures of a run: the machine, the table of the rows, and the ratios.
pub fn figures(machine: &Machine, rows: &[&Row], values: &Values, rounds: u32) -> String {
    let rounds = if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") };
    let mut text = format!("{} {rounds}.\n\n{}", machine.sentence(), table(rows, values));
    let shown: Vec<(&str, &str)> = RATIOS.into_iter().filter(|(over, under)| values.ratio(over, under).is_some()).collect();
    if !shown.is_empty() {
        text += &format!("\n{}", ratios(&shown, values));
    }
    text
}

/// The page with these figures between its markers; none when it does not have both.
fn replaced(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{figures}{END}{after}"))
}

/// Writes the figures into a page. Fails when the page cannot be read or written, or has no markers.
pub fn write(path: &Path, figures: &str) -> Result<()> {
    let page = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let page = replaced(&page, figures)
        .with_context(|| format!("{}: the figures' place is missing: a line {} and a line {END}", path.display(), BEGIN.trim_end()))?;
    std::fs::write(path, page).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::GROUPS;

    fn machine() -> Machine {
        Machine {
            cores: 2,
            processor: "Fast 9000".into(),
            kernel: "linux 6.1".into(),
            rustc: "rustc 1.95.0".into(),
            commit: "0123456789ab".into(),
            date: "2026-11-23".into(),
            load: "0.10".into(),
        }
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let page = format!("# Head\n{BEGIN}old\n{END}\nfoot\n");
        assert_eq!(replaced(&page, "new\n"), Some(format!("# Head\n{BEGIN}new\n{END}\nfoot\n")));
        assert_eq!(replaced("# Head\n", "new\n"), None);
    }

    #[test]
    fn figures_begin_with_the_machine_and_end_with_ratios() {
        let mut values = Values::default();
        values.add("event-native", 10.0);
        values.add("event-component", 25.0);
        let rows: Vec<&Row> = GROUPS[0].rows.iter().collect();
        let text = figures(&machine(), &rows, &values, 1);
        assert!(
            text.starts_with("Measured on 2026-11-23 at commit 0123456789ab, on 2 cores of Fast 9000, linux 6.1, rustc 1.95.0;"),
            "{text}"
        );
        assert!(text.contains("was 0.10. 1 round.\n\n| row "), "{text}");
        assert!(text.trim_end().ends_with("| `event-component` / `event-native` | 2.5   | 2.5    |"), "{text}");
    }

    #[test]
    fn the_page_describes_every_row_and_has_its_target() {
        let page = std::fs::read_to_string(uis_test_support::root().join("docs/performance.md")).expect("the page");
        let (described, _) = page.split_once(BEGIN).expect("the marker");
        let lines: Vec<&str> = described.lines().filter(|line| line.starts_with("| `")).collect();
        for group in GROUPS {
            assert!(described.contains(&format!("### `{}`", group.name)), "no heading for {}", group.name);
            for row in group.rows {
                let line = lines.iter().find(|line| line.contains(&format!("`{}`", row.name)));
                let line = line.unwrap_or_else(|| panic!("no row of a table describes {}", row.name));
                let target = crate::table::shown_target(row);
                assert!(line.contains(&target), "{}: the page has another target than {target}", row.name);
            }
        }
        assert!(replaced(&page, "").is_some());
    }
}
