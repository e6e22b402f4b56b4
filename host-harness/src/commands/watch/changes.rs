//! What became different between two rounds, in words.

use std::path::Path;

use uis_harness::differences::{Difference, DifferenceKind, Side};

/// Most differences that are printed; the others are counted.
const PRINTED: usize = 40;

/// The differences of one recording, a line each, with their causes.
pub fn text(path: &Path, differences: &[Difference]) -> String {
    let path = path.display();
    if differences.is_empty() {
        return format!("{path}: nothing became different\n");
    }
    let mut out = format!("{path}: {} became different\n", differences.len());
    for difference in differences.iter().take(PRINTED) {
        let sign = match difference.kind {
            DifferenceKind::OnlyInA => '-',
            DifferenceKind::OnlyInB => '+',
            DifferenceKind::Changed => '~',
        };
        let integration = difference.integration.as_ref().map(|name| format!("[{name}] ")).unwrap_or_default();
        out += &format!("  {sign} {integration}{}\n", difference.what);
        for change in &difference.changes {
            out += &format!("      {}: {}\n", change.field, change.words);
        }
        let (before, now) = (cause(&difference.a), cause(&difference.b));
        match (&before, &now) {
            (Some(before), Some(now)) if before == now => out += &format!("      ← {now}\n"),
            _ => {
                out.extend(before.map(|before| format!("      before ← {before}\n")));
                out.extend(now.map(|now| format!("      now ← {now}\n")));
            }
        }
    }
    if differences.len() > PRINTED {
        out += &format!("  and {} more\n", differences.len() - PRINTED);
    }
    out
}

/// The cause of one side, with what was decided there.
fn cause(side: &Side) -> Option<String> {
    side.effect.as_ref().map(|effect| effect.cause.brief())
}
