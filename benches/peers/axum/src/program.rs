//! The program: a service on a port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use url::Url;

use crate::service::{self, Service};
use crate::uis::Account;

/// Options of the service.
#[derive(Debug, Args)]
pub struct Options {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// RetailCRM's address
    #[arg(long, value_name = "URL")]
    pub crm: Url,
    /// RetailCRM's key
    #[arg(long, env = "RETAILCRM_KEY", hide_env_values = true)]
    pub key: String,
    /// The plugin's settings, a JSON file
    #[arg(long, value_name = "FILE")]
    pub settings: PathBuf,
    /// The UIS account, a JSON file
    #[arg(long, value_name = "FILE")]
    pub account: PathBuf,
}

/// Runs until the process ends. Errors: a file cannot be used, RetailCRM does not answer, or the address is taken.
pub async fn run(options: Options) -> Result<()> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    let account: Account = serde_json::from_str(&read(&options.account)?).context("the UIS account's file")?;
    let service = Service::start(service::Options {
        crm: options.crm,
        key: options.key,
        settings: read(&options.settings)?,
        account,
        public_url: format!("http://{}", options.listen),
    });
    let service = service.await?;
    let listener = tokio::net::TcpListener::bind(options.listen).await.with_context(|| options.listen.to_string())?;
    axum::serve(listener, service.router()).await?;
    Ok(())
}
