//! `uis-gateway check`: goes through what a support engineer would look at first.

use std::process::ExitCode;

use clap::Args;
use uis_gateway::admin::outputs::Checked;
use uis_gateway::checks::page;
use uis_gateway::config::Config;
use uis_gateway::control::{CheckReport, CheckedIntegration, Control, Finding, Verdict};

use super::{Failure, control, shown};

/// What to check.
#[derive(Args)]
pub struct Arguments {
    /// One integration; without it all of them.
    name: Option<String>,
}

/// Runs the command. The exit status is the worst verdict: 0, 1 for warnings, 2 for problems.
pub async fn run(config: &Config, arguments: &Arguments, json: bool) -> Result<ExitCode, Failure> {
    let report = match control(config).await {
        Ok(control) => asked(control.as_ref(), arguments.name.as_deref()).await?,
        // The input is to be corrected first.
        Err(Failure::Input(why)) => return Err(Failure::Input(why)),
        Err(Failure::Done) => return Err(Failure::Done),
        Err(Failure::Failed(why)) => CheckReport { gateway: vec![unusable(why)], integrations: Vec::new() },
    };
    let verdict = report.verdict();
    match json {
        true => shown::object(&Checked { verdict, gateway: report.gateway, integrations: report.integrations }),
        false => page::lines(&report).iter().for_each(|line| shown::say(line)),
    }
    Ok(ExitCode::from(match verdict {
        Verdict::Ok => 0,
        Verdict::Warning => 1,
        Verdict::Problem => 2,
    }))
}

async fn asked(control: &dyn Control, name: Option<&str>) -> Result<CheckReport, Failure> {
    let names: Vec<String> = match name {
        Some(name) => vec![name.to_owned()],
        None => control.list().await?.into_iter().map(|view| view.name).collect(),
    };
    let mut integrations = Vec::new();
    for name in names {
        let findings = control.check(&name).await?;
        integrations.push(CheckedIntegration { name, findings });
    }
    Ok(CheckReport { gateway: control.check_gateway().await?, integrations })
}

/// Neither the service nor its file can be asked.
fn unusable(why: String) -> Finding {
    let remedy = "make the service answer, or stop it and run uis-gateway check-store";
    Finding { subject: "store".to_owned(), verdict: Verdict::Problem, message: why, remedy: Some(remedy.to_owned()) }
}
