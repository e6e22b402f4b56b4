//! Requests to remote systems: the CRM's API, and UIS's Call API.
//!
//! | file | what |
//! |---|---|
//! | [`egress`] | the host's port for requests to the CRM, over HTTP |
//! | [`call_api`] | starting calls over the Call API |
//! | [`dials`] | a dial order is on disk before it is sent, and never sent twice |

pub mod call_api;
pub mod dials;
pub mod egress;

use url::{Host, Url};

/// Whether an address belongs to this machine.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
