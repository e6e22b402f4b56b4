//! What browsers get of a plugin's files. The plugin says what a file is and what it may load; who may show it in a frame, and everything
//! that protects whoever looks at it, is the host's.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::bindings::exports::uis::integration::setup::AssetFile;
use crate::integration::Integration;
use crate::limits::{ASSET_BYTES, ASSET_PATH_BYTES};
use crate::sync::lock;

/// Types of files that are served. Anything else could be something that a browser runs in a way that no policy names.
const TYPES: [&str; 6] = ["text/html", "text/javascript", "text/css", "image/svg+xml", "image/png", "application/json"];

/// Where a browser may keep a file, and for how long: the account may change under it.
const CACHE: &str = "no-cache";

/// Whether a path can name a file at all: plain names, nothing that climbs.
pub fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let names = |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    path.len() <= ASSET_PATH_BYTES && path.split('/').all(names)
}

/// The answer to a browser that asks for a file of an integration.
pub fn answer(integration: &Integration, file: Option<AssetFile>) -> Response<Bytes> {
    let Some(file) = file else { return plain(StatusCode::NOT_FOUND, "there is no such file") };
    let kind = file.content_type.split(';').next().unwrap_or_default().trim();
    let (true, Ok(content_type)) = (TYPES.contains(&kind), HeaderValue::try_from(&file.content_type)) else {
        return plain(StatusCode::BAD_GATEWAY, "the plugin's file is of a type that is not served");
    };
    if file.body.len() > ASSET_BYTES {
        return plain(StatusCode::BAD_GATEWAY, "the plugin's file is too large");
    }
    let Some(policy) = policy(integration, &file) else {
        return plain(StatusCode::BAD_GATEWAY, "the plugin's content security policy cannot be sent");
    };
    let mut response = Response::new(Bytes::from(file.body));
    let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, HeaderValue::from_static(CACHE))];
    response.headers_mut().extend(headers.into_iter().chain(protection()));
    response
}

/// What every answer carries.
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

/// The plugin's policy (nothing at all when it gives none), and who may show the file in a frame: the connections that it names.
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
    fn a_path_names_a_file_and_does_not_climb() {
        for good in ["logo.svg", "a/b-c_d.js"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "../x", "a/../b", "/x", "a//b", ".hidden", "a\\b", "a%2e", "x y", &"a".repeat(300)] {
            assert!(!is_path(bad), "{bad}");
        }
    }

    #[test]
    fn who_may_frame_a_file_is_the_hosts_to_say() {
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
