//! The administrator's socket or address.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use super::access::{self, Guard};
use super::routes::{self, Metrics};
use crate::config::Config;
use crate::control::Control;

/// The administrator's listener.
pub struct Server {
    bound: Bound,
    router: Router,
}

enum Bound {
    Socket(UnixListener, PathBuf),
    Address(TcpListener),
}

/// The file of the administrators' tokens.
pub fn tokens_file(config: &Config) -> PathBuf {
    config.store.path.with_file_name("tokens.json")
}

impl Server {
    /// Binds what the configuration names. A socket that a process left behind which does not run any more is replaced.
    pub fn bind(config: &Config, control: Arc<dyn Control>, metrics: Metrics) -> Result<Server, String> {
        let router = routes::router(control, metrics);
        let Some(address) = config.admin.listen else {
            let path = config.admin.socket.clone().unwrap_or_else(|| config.store.path.with_file_name("admin.sock"));
            return Ok(Server { bound: Bound::Socket(socket(&path)?, path), router });
        };
        let failed = |error: std::io::Error| format!("admin.listen = {address}: {error}");
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let guard = Arc::new(Guard { tokens: tokens_file(config), port });
        let router = router.layer(axum::middleware::from_fn_with_state(guard, access::check));
        Ok(Server { bound: Bound::Address(TcpListener::from_std(listener).map_err(failed)?), router })
    }

    /// The socket's file, or the address.
    pub fn address(&self) -> String {
        match &self.bound {
            Bound::Socket(_, path) => path.display().to_string(),
            Bound::Address(listener) => listener.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string()),
        }
    }

    /// Serves until `stop` becomes true.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let stopped = async move {
            // An error means that whoever could stop it is gone.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let served = match self.bound {
            Bound::Address(listener) => axum::serve(listener, self.router).with_graceful_shutdown(stopped).await,
            Bound::Socket(listener, path) => {
                let served = axum::serve(listener, self.router).with_graceful_shutdown(stopped).await;
                // Left behind it would do no harm; the next start replaces it.
                let _ = std::fs::remove_file(path);
                served
            }
        };
        if let Err(error) = served {
            tracing::error!(%error, "the administrator's listener ended");
        }
    }
}

/// Binds a socket that only this user may use. It is bound in a folder of mode 0700 and moved into place, so that there is no moment at which
/// others could open it.
fn socket(path: &Path) -> Result<UnixListener, String> {
    let failed = |error: std::io::Error| format!("the administrator's socket {}: {error}", path.display());
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(format!("the administrator's socket {} is in use by another gateway", path.display()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private = folder.join(format!(".admin-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&private);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::create_dir(&private)).map_err(failed)?;
    let bound = (|| {
        std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o700))?;
        let inside = private.join("s");
        let listener = UnixListener::bind(&inside)?;
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&inside, path)?;
        Ok(listener)
    })();
    let _ = std::fs::remove_dir_all(&private);
    bound.map_err(failed)
}
