//! What `uis-host inspect` says about settings: the parameters of a template, its preview, and whether settings can be used.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use uis_harness::report::about_setting;
use uis_host::bindings::uis::integration::types::Misconfiguration;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;

use super::say;
use crate::exit_status::{FAILED, OK};

fn rows(about: &[Misconfiguration]) -> Value {
    about.iter().map(|row| json!({"setting": row.setting, "message": row.message})).collect()
}

/// Prints the parameters of a setting's template and, if a template is given, what it makes of their examples.
pub async fn templates(plugin: &ComponentPlugin, setting: &str, template: Option<&str>, as_json: bool) -> Result<u8> {
    let parameters = plugin.template_parameters(setting).await?;
    let preview = match template {
        Some(template) => Some(plugin.preview_template(setting, template).await?),
        None => None,
    };
    let failed = matches!(preview, Some(Err(_)));
    if as_json {
        let listed = parameters.iter().map(|known| json!({"name": known.name, "title": known.title, "example": known.example}));
        let mut value = json!({"setting": setting, "parameters": listed.collect::<Vec<_>>()});
        match &preview {
            Some(Ok(text)) => value["preview"] = text.clone().into(),
            Some(Err(problem)) => value["problems"] = rows(std::slice::from_ref(problem)),
            None => {}
        }
        say(&format!("{value:#}\n"));
        return Ok(if failed { FAILED } else { OK });
    }
    if parameters.is_empty() {
        say(&format!("{setting}: the plugin has no template of this name\n"));
    }
    for known in &parameters {
        say(&format!("{:<28} {}  (e.g. {})\n", format!("{{{{{}}}}}", known.name), known.title, known.example));
    }
    match preview {
        Some(Ok(text)) => say(&format!("\n{text}\n")),
        Some(Err(problem)) => say(&format!("\n{}\n", about_setting(&problem))),
        None => {}
    }
    Ok(if failed { FAILED } else { OK })
}

/// Checks settings, and prints what is wrong with them or what their owner should know.
pub async fn check(plugin: &ComponentPlugin, file: &Path, version: Option<&str>, as_json: bool) -> Result<u8> {
    let settings = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let prepared = plugin.prepare(&settings, version).await?;
    let usable = prepared.is_ok();
    let (notes, problems) = match prepared {
        Ok(prepared) => (prepared.notes, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    if as_json {
        say(&format!("{:#}\n", json!({"usable": usable, "notes": rows(&notes), "problems": rows(&problems)})));
    } else {
        let listed: String = problems.iter().chain(&notes).map(|row| format!("{}\n", about_setting(row))).collect();
        say(&format!("{listed}{}\n", if usable { "the settings can be used" } else { "the settings cannot be used" }));
    }
    Ok(if usable { OK } else { FAILED })
}
