//! Syslog, web and mail servers behind TLS: the right ones get every record, others none.

use std::time::Duration;

use stratd_logging::{Config, Level, Logging, LoggingOptions};

use crate::servers::{self, Authority, MailTranscript, TlsServer, wait_for};

const DEADLINE: Duration = Duration::from_secs(30);

fn logging(handler: &str) -> Logging {
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    let text = format!("[handlers.peer]\n{handler}\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]");
    logging.apply(Config::parse(&text).expect("the configuration is good")).expect("it can be applied");
    logging
}

fn status(logging: &Logging) -> stratd_logging::HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == "peer").expect("it is there")
}

#[test]
fn syslog_over_tls_counts_octets_and_keeps_newlines() {
    let authority = Authority::new();
    let server = TlsServer::new(&authority.server("localhost", None), |stream, out| {
        std::io::copy(stream, out).map(|_| ())
    });
    let logging = logging(&format!(
        "kind = \"syslog\"\ntransport = \"tls\"\naddress = \"localhost:{}\"\nca_file = {:?}\nformat = \"python\"\n\
         append_nul = false",
        server.port,
        authority.path()
    ));
    logging.logger("a").unwrap().log(Level::INFO, "one");
    logging.logger("a").unwrap().log(Level::INFO, "two\nlines");
    let end = logging.shutdown(DEADLINE);
    assert_eq!(end.left, 0);
    assert_eq!(server.first(), "7 <14>one13 <14>two\nlines");
}

#[test]
fn a_server_with_a_certificate_of_somebody_else_is_refused_counted_and_tried_again() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::new(&other.server("localhost", None), |stream, out| {
        std::io::copy(stream, out).map(|_| ())
    });
    let logging = logging(&format!(
        "kind = \"syslog\"\ntransport = \"tls\"\naddress = \"localhost:{}\"\nca_file = {:?}",
        server.port,
        authority.path()
    ));
    logging.logger("a").unwrap().log(Level::INFO, "secret");
    logging.flush();
    // a second attempt after the first pause
    let status = wait_for(|| Some(status(&logging)).filter(|status| status.errors >= 2));
    assert_eq!((status.queued, status.dropped), (1, 0));
    let error = status.last_error.unwrap_or_default();
    assert!(error.contains("invalid peer certificate"), "{error}");
    assert_eq!(logging.shutdown(Duration::from_millis(10)).failed, 1);
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[test]
fn a_certificate_for_another_name_is_refused_unless_that_name_was_said() {
    let authority = Authority::new();
    let server = TlsServer::new(&authority.server("logs.example.org", None), servers::answer_200);
    let handler = |name: &str| {
        format!(
            "kind = \"http\"\nurl = \"https://127.0.0.1:{}/in\"\nmethod = \"post_json\"\nca_file = {:?}\n{name}",
            server.port,
            authority.path()
        )
    };
    let refused = logging(&handler(""));
    refused.logger("a").unwrap().log(Level::INFO, "hello");
    refused.flush();
    let status = wait_for(|| Some(status(&refused)).filter(|status| status.errors > 0));
    assert!(status.last_error.unwrap_or_default().contains("not valid for name"));
    refused.shutdown(Duration::from_millis(10));
    let accepted = logging(&handler("server_name = \"logs.example.org\""));
    accepted.logger("a").unwrap().log(Level::INFO, "hello");
    assert_eq!(accepted.shutdown(DEADLINE).left, 0);
    let request = server.first();
    assert!(
        request.starts_with("POST /in HTTP/1.1\r\n") && request.contains("\"msg\":\"hello\""),
        "{request}"
    );
}

#[test]
fn a_server_that_asks_gets_our_certificate() {
    let authority = Authority::new();
    let server = TlsServer::new(&authority.server("localhost", Some(&authority)), servers::answer_200);
    let (certificate, key) = authority.client();
    let handler = |own: &str| {
        format!(
            "kind = \"http\"\nhost = \"localhost:{}\"\nurl = \"/in\"\nsecure = true\nca_file = {:?}\n{own}",
            server.port,
            authority.path()
        )
    };
    let without = logging(&handler(""));
    without.logger("a").unwrap().log(Level::INFO, "hello");
    without.flush();
    wait_for(|| Some(status(&without)).filter(|status| status.errors > 0));
    without.shutdown(Duration::from_millis(10));
    let with = logging(&handler(&format!("cert_file = {certificate:?}\nkey_file = {key:?}")));
    with.logger("a").unwrap().log(Level::INFO, "hello");
    assert_eq!(with.shutdown(DEADLINE).left, 0);
    assert!(server.first().starts_with("GET /in?name=a&msg=hello&"));
}

#[test]
fn what_waits_goes_out_once_the_configuration_names_the_right_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::new(&authority.server("localhost", None), |stream, out| {
        std::io::copy(stream, out).map(|_| ())
    });
    let config = |ca: &Authority, more: &str| {
        let text = format!(
            "[handlers.peer]\nkind = \"syslog\"\ntransport = \"tls\"\naddress = \"localhost:{}\"\nca_file = {:?}\n\
             format = \"python\"\nappend_nul = false\n{more}\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]",
            server.port,
            ca.path()
        );
        Config::parse(&text).expect("the configuration is good")
    };
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    logging.apply(config(&other, "")).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "one");
    logging.flush();
    wait_for(|| Some(status(&logging)).filter(|status| status.errors > 0));
    logging.apply(config(&authority, "queue = { capacity = 7 }")).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "two");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    assert_eq!(server.first(), "7 <14>one7 <14>two");
}

/// Such a server says so after our side of the handshake is done, and syslog has no answers: what was written at once
/// would be lost.
#[test]
fn no_record_is_lost_to_a_syslog_server_that_refuses_our_certificate_late() {
    let authority = Authority::new();
    let server = TlsServer::new(&authority.server("localhost", Some(&authority)), |stream, out| {
        std::io::copy(stream, out).map(|_| ())
    });
    let handler = |own: &str| {
        format!(
            "kind = \"syslog\"\ntransport = \"tls\"\naddress = \"localhost:{}\"\nca_file = {:?}\nformat = \"python\"\n\
             append_nul = false\n{own}",
            server.port,
            authority.path()
        )
    };
    let without = logging(&handler(""));
    without.logger("a").unwrap().log(Level::INFO, "secret");
    without.flush();
    let refused = wait_for(|| Some(status(&without)).filter(|status| status.errors > 0));
    assert_eq!((refused.queued, refused.dropped), (1, 0));
    assert!(refused.last_error.unwrap_or_default().contains("cert_file"));
    without.shutdown(Duration::from_millis(10));
    let (certificate, key) = authority.client();
    let with = logging(&handler(&format!("cert_file = {certificate:?}\nkey_file = {key:?}")));
    with.logger("a").unwrap().log(Level::INFO, "one");
    assert_eq!(with.shutdown(DEADLINE).left, 0);
    assert_eq!(server.first(), "7 <14>one");
}

/// Not a test by itself: the child of the next one, whose system trusts whom `SSL_CERT_FILE` says.
#[test]
fn child_that_trusts_its_system() {
    let Ok(port) = std::env::var("STRATD_LOGGING_HTTPS_PORT") else { return };
    let logging = logging(&format!("kind = \"http\"\nurl = \"https://localhost:{port}/in\""));
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    let within = if std::env::var_os("STRATD_LOGGING_IS_TRUSTED").is_some() {
        DEADLINE
    } else {
        Duration::from_secs(1)
    };
    println!("left: {}", logging.shutdown(within).left);
}

#[test]
fn without_a_file_of_roots_those_of_the_system_count() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::new(&authority.server("localhost", None), servers::answer_200);
    let run = |roots: &Authority, is_trusted: bool| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "tls::child_that_trusts_its_system", "--nocapture"])
            .env("STRATD_LOGGING_HTTPS_PORT", server.port.to_string())
            .env("SSL_CERT_FILE", roots.path())
            .env_remove("SSL_CERT_DIR");
        if is_trusted {
            command.env("STRATD_LOGGING_IS_TRUSTED", "1");
        }
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    };
    assert!(run(&other, false).contains("left: 1"));
    assert_eq!(server.heard(), Vec::<String>::new());
    assert!(run(&authority, true).contains("left: 0"));
    assert!(server.first().starts_with("GET /in?name=a&msg=hello&"));
}

#[test]
fn a_mail_with_a_password_goes_out_after_starttls_only() {
    let authority = Authority::new();
    let server = servers::MailServer::new(Some(&authority.server("localhost", None)), "AUTH LOGIN");
    let logging = logging(&format!(
        "kind = \"smtp\"\nhost = \"localhost:{}\"\nfrom = \"me@z\"\nto = [\"ops@x\"]\nsubject = \"Alert\"\nsecure = true\n\
         user = \"u\"\npassword = \"p\"\nca_file = {:?}",
        server.port,
        authority.path()
    ));
    logging.logger("a").unwrap().log(Level::ERROR, "it burns");
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let MailTranscript { clear, encrypted } = server.first();
    assert_eq!(clear.len(), 2);
    assert!(clear[0].starts_with("EHLO ") && clear[1] == "STARTTLS");
    let commands: Vec<&str> = encrypted.iter().map(String::as_str).collect();
    assert!(commands[0].starts_with("EHLO "));
    // "u" and "p" in base 64
    assert_eq!(commands[1..4], ["AUTH LOGIN dQ==", "cA==", "MAIL FROM:<me@z>"]);
    assert!(commands.contains(&"it burns"));
}

#[test]
fn a_mail_server_without_starttls_gets_nothing() {
    let authority = Authority::new();
    let server = servers::MailServer::new(None, "AUTH PLAIN");
    let logging = logging(&format!(
        "kind = \"smtp\"\nhost = \"localhost:{}\"\nfrom = \"me@z\"\nto = [\"ops@x\"]\nsecure = true\nuser = \"u\"\n\
         password = \"p\"\nca_file = {:?}",
        server.port,
        authority.path()
    ));
    logging.logger("a").unwrap().log(Level::ERROR, "it burns");
    logging.flush();
    let status = wait_for(|| Some(status(&logging)).filter(|status| status.errors > 0));
    assert!(status.last_error.unwrap_or_default().contains("expected 220"));
    logging.shutdown(Duration::from_millis(10));
    let MailTranscript { clear, encrypted } = server.first();
    assert!(clear.last().is_some_and(|line| line == "STARTTLS") && encrypted.is_empty());
}

#[test]
fn files_of_tls_that_are_not_there_are_errors_when_the_configuration_is_applied() {
    let text = "[handlers.h]\nkind = \"syslog\"\ntransport = \"tls\"\naddress = \"localhost:6514\"\nca_file = \"/nonexistent.pem\"";
    let error = Logging::new().apply(Config::parse(text).unwrap()).unwrap_err().to_string();
    assert!(error.contains("handlers.h.ca_file: ca_file /nonexistent.pem"), "{error}");
    let text = "[handlers.h]\nkind = \"syslog\"\ntransport = \"tcp\"\naddress = \"localhost:6514\"\nca_file = \"/x.pem\"\nkey_file = \"/y\"";
    let error = Config::parse(text).unwrap_err().to_string();
    assert!(error.contains("line 5: handlers.h.ca_file: nothing is encrypted here"), "{error}");
    assert!(error.contains("line 6: handlers.h.key_file: one of cert_file and key_file"), "{error}");
}
