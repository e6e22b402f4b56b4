//! Everything that an account answers at its address: the API, control under `/_simulator`, the CRM's own pages; and users who
//! act through those pages.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tower::ServiceExt;

use crate::simulator::Simulator;
use crate::{control, pages, server};

impl Simulator {
    /// The account's server, for a listener or for calls within the process.
    pub fn router(&self) -> Router {
        control::router(self.clone()).merge(pages::router(self.clone())).fallback_service(server::api(self.clone()))
    }

    /// A user acts in the CRM: a request to the API, or to `/_simulator`, without a key. The actor is `user`, else an administrator, else
    /// the first user; in an account without users the main key.
    pub async fn act(&self, mut request: Request<Body>, user: Option<i64>) -> Response {
        let user = user.or_else(|| control::default_user(&self.state()));
        let router = match user {
            _ if request.uri().path().starts_with("/_simulator") => self.router(),
            Some(user) => {
                request.extensions_mut().insert(server::ActsAs(user));
                server::plain(self.clone())
            }
            None => {
                if let Ok(key) = http::HeaderValue::from_str(&self.api_key()) {
                    request.headers_mut().insert("x-api-key", key);
                }
                server::plain(self.clone())
            }
        };
        let Ok(answer) = router.oneshot(request).await;
        answer
    }
}
