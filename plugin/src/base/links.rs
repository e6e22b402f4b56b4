//! Links that events contain. They become clickable in RetailCRM, so only plain https addresses are accepted.

/// Returns the link if it may be shown in RetailCRM, else the reason why not.
pub fn https(link: &str) -> Result<&str, &'static str> {
    let link = link.trim();
    let Some(rest) = link.strip_prefix("https://") else {
        return Err("the link is not https");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return Err("the link has no plain host name");
    }
    if link.len() > 2000 {
        return Err("the link is longer than 2000 bytes");
    }
    if link.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\')) {
        return Err("the link contains characters that are not allowed in a link");
    }
    Ok(link)
}

/// A site's domain in canonical form: no scheme, `www.` or path, in lower case.
pub fn domain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.').to_owned()
}

/// A site's address in canonical form, as UIS names its sites: the host, and the path if UIS tracks directories; no scheme, `www.`, query or
/// trailing slash, in lower case. An international name is the same in Punycode only if UIS writes it so on both sides.
pub fn site_address(text: &str) -> String {
    let host = domain(text);
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default().split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    if path.is_empty() || host.is_empty() { host } else { format!("{host}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::{https, site_address};

    #[test]
    fn a_sites_address_keeps_its_path() {
        for (written, address) in [
            ("https://www.Shop.example/catalogue/?a=1#b", "shop.example/catalogue"),
            ("shop.example", "shop.example"),
            ("shop.example/", "shop.example"),
            ("магазин.рф/Шины", "магазин.рф/шины"),
            ("shop.example:8080/a/b/", "shop.example/a/b"),
            ("", ""),
        ] {
            assert_eq!(site_address(written), address, "{written}");
        }
    }

    #[test]
    fn only_plain_https_links_pass() {
        assert_eq!(https(" https://app.uiscom.ru/system/media/talk/1/2/ "), Ok("https://app.uiscom.ru/system/media/talk/1/2/"));
        for bad in [
            "http://app.uiscom.ru/talk/1",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://user@evil.example/",
            "https://a.example/\"><script>",
            "https://a.example/a b",
            "HTTPS:/a.example",
            "",
        ] {
            assert!(https(bad).is_err(), "{bad}");
        }
    }
}
