//! https with a certificate of the program's own.

#[cfg(not(feature = "tls"))]
use crate::support::program;

#[cfg(not(feature = "tls"))]
#[test]
fn a_build_without_tls_says_which_one_has_it() {
    let output = program::command(&["--tls", "--port", "0"]).output().expect("it runs");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && complaint.contains("--features retailcrm-simulator/tls"), "{complaint}");
}

#[cfg(feature = "tls")]
mod encrypted {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::support::program::{Program, start};

    /// Asks for a path as a client that trusts these authorities.
    async fn get(program: &Program, authorities: &[CertificateDer<'static>], name: &'static str, path: &str) -> std::io::Result<String> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let address = program.url.strip_prefix("https://").expect("https");
        let stream = tokio::net::TcpStream::connect(address).await?;
        let name = ServerName::try_from(name).expect("a name");
        let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\nconnection: close\r\n\r\n", program.key);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn a_client_that_trusts_the_authority_is_served() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("authority.pem");
        let program = start(&["--json", "--quiet", "--tls", "--tls-ca", file.to_str().expect("UTF-8")]);
        assert_eq!(program.ca.as_deref(), file.to_str());
        let authority = CertificateDer::from_pem_file(&file).expect("a certificate");
        for name in ["127.0.0.1", "localhost", "demo.retailcrm.ru"] {
            let answer = get(&program, std::slice::from_ref(&authority), name, "/api/v5/users").await.expect("an answer");
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#"{"success":true,"pagination""#), "{name}: {answer}");
        }
        assert!(get(&program, &[authority], "other.example", "/api/v5/users").await.is_err(), "a name that the certificate lacks");
        assert!(get(&program, &[], "localhost", "/api/v5/users").await.is_err(), "nobody is trusted");
        let text = std::fs::read_to_string(&file).expect("the file");
        assert!(!text.contains("PRIVATE"), "keys are never written");
    }

    #[tokio::test]
    async fn faults_break_encrypted_connections_too() {
        let mut plan = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut plan, br#"{"rules": [{"path": "/api/v5/users", "at": [1], "reset": "after-commit"}]}"#)
            .expect("written");
        let program = start(&["--json", "--quiet", "--tls", "--faults", plan.path().to_str().expect("UTF-8")]);
        let authority = CertificateDer::from_pem_file(program.ca.as_deref().expect("a file")).expect("a certificate");
        let first = get(&program, std::slice::from_ref(&authority), "localhost", "/api/v5/users").await;
        assert!(first.is_err() || first.is_ok_and(|answer| answer.is_empty()), "broken");
        assert!(get(&program, &[authority], "localhost", "/api/v5/users").await.expect("an answer").starts_with("HTTP/1.1 200"));
    }
}
