//! A plugin's settings as text, laid out as its settings page: sections, tabs, groups.

use serde_json::Value;
use uis_host::plugin::inspect::SettingView;

/// All settings, each under the headings of the place where the page shows it.
pub fn text(settings: &[SettingView]) -> String {
    let mut out = String::new();
    let mut place: &[String] = &[];
    for setting in settings {
        for (depth, heading) in setting.place.iter().enumerate() {
            if place.get(..=depth) != setting.place.get(..=depth) {
                out.push_str(&format!("\n{}{heading}\n", "  ".repeat(depth + 1)));
            }
        }
        place = &setting.place;
        let indent = "  ".repeat(setting.place.len() + 1);
        for line in lines(setting) {
            out.push_str(&format!("{indent}{line}\n"));
        }
    }
    out
}

fn lines(setting: &SettingView) -> Vec<String> {
    let value = match &setting.shows_callback {
        Some(callback) => format!("{}: read-only, shows the address of the callback {callback}", setting.name),
        None => format!("{} = {}", setting.name, setting.default),
    };
    let switch = if setting.switches_section { " (the section's switch)" } else { "" };
    let listed = |what: &str, rows: &[(String, String)]| {
        let rows: Vec<String> = rows.iter().map(|(name, title)| format!("{name} «{title}»")).collect();
        (!rows.is_empty()).then(|| format!("    {what}: {}", rows.join(", ")))
    };
    let others: Vec<String> = setting.other_titles.iter().map(|title| format!("«{title}»")).collect();
    let lines = [
        Some(format!("«{}»{switch}", setting.title)),
        Some(format!("    {value}")),
        (!others.is_empty()).then(|| format!("    also titled: {}", others.join(", "))),
        when(&setting.shown_when),
        listed("values", &setting.values),
        listed("columns", &setting.columns),
        listed("parameters", &setting.parameters),
        Some(format!("    {}", setting.description)),
    ];
    lines.into_iter().flatten().collect()
}

/// The condition under which the setting matters.
fn when(shown: &Value) -> Option<String> {
    let one = |(name, wanted): (&String, &Value)| match wanted.as_array() {
        Some(values) => format!("{name} is one of {}", values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")),
        None => format!("{name} = {wanted}"),
    };
    let all: Vec<String> = shown.as_object()?.iter().map(one).collect();
    Some(format!("    when {}", all.join(" and ")))
}
