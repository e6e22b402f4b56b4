//! Serves a plugin's files to browsers. The plugin gives a file's content, its type and the policy of what it may load. The host decides
//! who may show the file in a frame, and adds the headers that protect its viewers.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::bindings::exports::uis::integration::setup::AssetFile;
use crate::integration::Integration;
use crate::limits::{ASSET_BYTES, ASSET_PATH_BYTES};
use crate::sync::lock;

/// Content types that are served. Any other type might make a browser run the file in a way that no policy covers.
const TYPES: [&str; 6] = ["text/html", "text/javascript", "text/css", "image/svg+xml", "image/png", "application/json"];

/// Browsers ask again before each use: a file may depend on the account's settings, which can change at any time.
const CACHE: &str = "no-cache";

/// Whether a path may name a file: names of letters, digits, `-`, `_` and `.`, separated by `/`. A name never begins with a dot, so no path
/// leads to a parent folder.
pub fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let names = |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    path.len() <= ASSET_PATH_BYTES && path.split('/').all(names)
}

/// The HTTP answer for a file of an integration. 404 when the plugin has no such file; 502 when the file's type is not served, when it is
/// larger than [`ASSET_BYTES`], or when its policy cannot be sent as a header.
pub fn answer(integration: &Integration, file: Option<AssetFile>) -> Response<Bytes> {
    let Some(file) = file else { return plain(StatusCode::NOT_FOUND, "the plugin has no such file") };
    let kind = file.content_type.split(';').next().unwrap_or_default().trim();
    let (true, Ok(content_type)) = (TYPES.contains(&kind), HeaderValue::try_from(&file.content_type)) else {
        return plain(StatusCode::BAD_GATEWAY, "the host does not serve files of this type");
    };
    if file.body.len() > ASSET_BYTES {
        return plain(StatusCode::BAD_GATEWAY, "the plugin's file is larger than 1 MiB");
    }
    let Some(policy) = policy(integration, &file) else {
        return plain(
            StatusCode::BAD_GATEWAY,
            "the plugin's content security policy is not a valid header, or sets frame-ancestors, which the host sets",
        );
    };
    let mut response = Response::new(Bytes::from(file.body));
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, HeaderValue::from_static(CACHE))];
    response.headers_mut().extend(headers.into_iter().chain(protection()));
    response
}

/// Headers of every answer.
fn protection() -> [(HeaderName, HeaderValue); 2] {
    [(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")), (REFERRER_POLICY, HeaderValue::from_static("no-referrer"))]
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().extend(protection());
    response
}

/// The file's content security policy: the plugin's own (nothing may be loaded when it gives none), and `frame-ancestors` with the origins
/// of the connections in `framed_by`. None: the plugin's policy sets `frame-ancestors` itself, or is not a valid header.
fn policy(integration: &Integration, file: &AssetFile) -> Option<HeaderValue> {
    let own = file.content_security_policy.as_deref().unwrap_or("default-src 'none'").trim().trim_end_matches(';');
    if own.to_ascii_lowercase().contains("frame-ancestors") {
        return None;
    }
    let connections = file.framed_by.iter().filter_map(|name| integration.connections.get(name));
    let origins: Vec<String> = connections.map(|connection| lock(&connection.base).origin().ascii_serialization()).collect();
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    HeaderValue::try_from(format!("{own}; frame-ancestors {ancestors}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn served(file: AssetFile) -> Response<Bytes> {
        answer(&Integration::detached(&Limits::default()), Some(file))
    }

    fn file(content_type: &str, policy: Option<&str>) -> AssetFile {
        AssetFile {
            content_type: content_type.into(),
            body: b"x".to_vec(),
            content_security_policy: policy.map(str::to_owned),
            framed_by: vec!["nowhere".into()],
        }
    }

    #[test]
    fn a_path_stays_within_the_plugins_files() {
        for good in ["logo.svg", "a/b-c_d.js"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "../x", "a/../b", "/x", "a//b", ".hidden", "a\\b", "a%2e", "x y", &"a".repeat(300)] {
            assert!(!is_path(bad), "{bad}");
        }
    }

    #[test]
    fn the_host_sets_frame_ancestors_and_the_plugin_cannot() {
        let policy = |file| {
            let response = served(file);
            response.headers().get(CONTENT_SECURITY_POLICY).map(|value| value.to_str().expect("ASCII").to_owned())
        };
        assert_eq!(policy(file("text/html", None)).as_deref(), Some("default-src 'none'; frame-ancestors 'none'"));
        assert_eq!(policy(file("text/css", Some("style-src 'self';"))).as_deref(), Some("style-src 'self'; frame-ancestors 'none'"));
        assert_eq!(policy(file("text/html", Some("frame-ancestors *"))), None);
        assert_eq!(policy(file("text/html", Some("a\r\nSet-Cookie: x"))), None);
    }

    #[test]
    fn only_known_kinds_of_files_are_served() {
        assert_eq!(served(file("text/html; charset=utf-8", None)).status(), 200);
        for bad in ["application/x-shockwave-flash", "text/html\r\nx: y", ""] {
            assert_eq!(served(file(bad, None)).status(), 502, "{bad}");
        }
        assert_eq!(answer(&Integration::detached(&Limits::default()), None).status(), 404);
    }
}
