//! Batches, rates and peers that come and go.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stratd_logging::{Config, HandlerStatus, Level, Logging, LoggingOptions};

use crate::servers::{MailServer, listen, read_request, wait_for};

const DEADLINE: Duration = Duration::from_secs(30);

fn logging(config: &str) -> Logging {
    let options = LoggingOptions { last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    logging.apply(Config::parse(config).expect("the configuration is good")).expect("it can be applied");
    logging
}

fn with_peer(handler: &str) -> Logging {
    logging(&format!("[handlers.peer]\n{handler}\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]"))
}

fn status(logging: &Logging) -> HandlerStatus {
    logging.handlers().into_iter().find(|status| status.name == "peer").expect("it is there")
}

fn log_numbers(logging: &Logging, count: usize) {
    let logger = logging.logger("a").expect("it can be made");
    (0..count).for_each(|number| logger.log(Level::INFO, &number.to_string()));
}

/// A web server that keeps its requests and answers as it is told to.
fn web_server(
    answer: impl Fn(usize) -> &'static str + Send + Sync + 'static,
) -> (u16, Arc<Mutex<Vec<String>>>) {
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let for_thread = Arc::clone(&requests);
    let port = listen(move |mut stream| {
        let mut request = Vec::new();
        if read_request(&mut stream, &mut request).is_err() {
            return;
        }
        let number = {
            let mut requests = for_thread.lock().expect("no holder panics");
            requests.push(String::from_utf8_lossy(&request).into_owned());
            requests.len() - 1
        };
        let _ = write!(stream, "HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", answer(number));
    });
    (port, requests)
}

fn bodies(requests: &Mutex<Vec<String>>) -> Vec<serde_json::Value> {
    let requests = requests.lock().expect("no holder panics");
    let bodies = requests.iter().filter_map(|request| request.split_once("\r\n\r\n"));
    bodies.map(|(_, body)| serde_json::from_str(body).expect("the body is JSON")).collect()
}

#[test]
fn a_batch_of_json_is_a_list_of_at_most_so_many_records() {
    let (port, requests) = web_server(|_| "204 No Content");
    let logging = with_peer(&format!(
        "kind = \"http\"\nurl = \"http://127.0.0.1:{port}/in\"\nmethod = \"post_json\"\n\
         batch = {{ max_records = 4, max_age = \"1h\" }}"
    ));
    log_numbers(&logging, 10);
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let bodies = bodies(&requests);
    let sizes: Vec<usize> = bodies.iter().map(|body| body.as_array().unwrap().len()).collect();
    assert_eq!(sizes, [4, 4, 2]);
    let texts = bodies.iter().flat_map(|body| body.as_array().unwrap()).map(|record| record["msg"].clone());
    assert_eq!(
        texts.collect::<Vec<_>>(),
        (0..10).map(|n| n.to_string().into()).collect::<Vec<serde_json::Value>>()
    );
}

#[test]
fn a_batch_is_sent_when_its_first_record_is_old() {
    let (port, requests) = web_server(|_| "200 OK");
    let logging = with_peer(&format!(
        "kind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nmethod = \"post_json\"\n\
         batch = {{ max_records = 1000, max_age = \"20ms\" }}"
    ));
    log_numbers(&logging, 3);
    logging.flush();
    wait_for(|| Some(()).filter(|()| !requests.lock().unwrap().is_empty()));
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
}

#[test]
fn lines_of_json_hold_one_record_each() {
    let (port, requests) = web_server(|_| "200 OK");
    let logging = with_peer(&format!(
        "kind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nmethod = \"post_ndjson\"\nbatch = {{}}"
    ));
    logging.logger("a").unwrap().log(Level::INFO, "two\nlines");
    log_numbers(&logging, 1);
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let request = requests.lock().unwrap().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("application/x-ndjson"), "{head}");
    let lines: Vec<serde_json::Value> =
        body.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert!(lines.len() == 2 && lines[0]["msg"] == "two\nlines" && body.ends_with('\n'), "{body}");
}

#[test]
fn after_503_the_same_records_come_again_and_after_400_they_do_not() {
    let (port, requests) = web_server(|number| match number {
        0 => "503 Service Unavailable",
        1 => "400 Bad Request",
        _ => "200 OK",
    });
    let logging =
        with_peer(&format!("kind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nmethod = \"post_json\""));
    log_numbers(&logging, 2);
    logging.flush();
    wait_for(|| Some(()).filter(|()| requests.lock().unwrap().len() == 3));
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let texts: Vec<_> = bodies(&requests).iter().map(|body| body["msg"].clone()).collect();
    assert_eq!(texts, ["0", "0", "1"]);
    let status = status(&logging);
    assert_eq!((status.errors, status.dropped), (2, 1));
}

#[test]
fn a_redirect_is_an_error_and_is_not_followed() {
    let (port, requests) = web_server(|_| "302 Found");
    let logging = with_peer(&format!("kind = \"http\"\nurl = \"http://127.0.0.1:{port}/\""));
    log_numbers(&logging, 1);
    logging.shutdown(DEADLINE);
    assert_eq!((requests.lock().unwrap().len(), status(&logging).dropped), (1, 1));
}

#[test]
fn a_batch_of_mails_is_one_mail_with_header_and_footer() {
    let server = MailServer::plain();
    let logging = with_peer(&format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1:{}\"\nfrom = \"me@z\"\nto = [\"ops@x\"]\n\
         batch = {{ max_records = 3, max_age = \"1h\", header = \"begin\\n\", footer = \"end\" }}",
        server.port
    ));
    log_numbers(&logging, 4);
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let mails = wait_for(|| Some(server.all()).filter(|mails| mails.len() == 2));
    let body = |index: usize| {
        let lines: &Vec<String> = &mails[index].clear;
        let start = lines.iter().position(String::is_empty).expect("an empty line ends the headers");
        lines[start + 1..].iter().take_while(|line| *line != ".").cloned().collect::<Vec<_>>()
    };
    assert_eq!(body(0), ["begin", "0", "1", "2", "end"]);
    assert_eq!(body(1), ["begin", "3", "end"]);
}

#[test]
fn a_rate_holds_back_what_comes_too_fast_and_what_is_left_is_counted() {
    let (port, requests) = web_server(|_| "200 OK");
    let logging = with_peer(&format!(
        "kind = \"http\"\nurl = \"http://127.0.0.1:{port}/\"\nrate = {{ count = 2, per = \"1h\" }}\n\
         queue = {{ capacity = 3, overflow = \"drop_newest\" }}"
    ));
    log_numbers(&logging, 2);
    logging.flush();
    wait_for(|| Some(()).filter(|()| requests.lock().unwrap().len() == 2 && status(&logging).queued == 0));
    log_numbers(&logging, 5);
    logging.flush();
    let status = status(&logging);
    assert_eq!((status.queued, status.dropped, status.errors), (3, 2, 0));
    let end = logging.shutdown(Duration::from_millis(10));
    assert_eq!((end.failed, requests.lock().unwrap().len()), (1, 2));
}

#[test]
fn a_peer_that_was_restarted_gets_the_next_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let logging = with_peer(&format!("kind = \"socket\"\naddress = {path:?}\ncodec = \"json\""));
    log_numbers(&logging, 1);
    logging.flush();
    let (mut first, _) = listener.accept().unwrap();
    first.read_exact(&mut [0; 16]).unwrap();
    drop((first, listener));
    std::fs::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "after the restart");
    logging.flush();
    let (mut second, _) = listener.accept().unwrap();
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    drop(logging);
    let mut text = String::new();
    second.read_exact(&mut [0; 4]).unwrap();
    second.read_to_string(&mut text).unwrap();
    assert!(text.contains("after the restart"), "{text}");
}

#[test]
fn what_goes_wrong_with_a_peer_is_told_on_the_logger_of_the_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.log");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // nobody listens there any more
    drop(listener);
    let logging = logging(&format!(
        "[formatters.f]\nformat = \"%(name)s %(levelname)s %(message)s\"\n\
         [handlers.peer]\nkind = \"socket\"\naddress = \"127.0.0.1:{port}\"\n\
         [handlers.own]\nkind = \"file\"\npath = {path:?}\nformatter = \"f\"\n\
         [loggers.a]\nhandlers = [\"peer\"]\npropagate = false\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"own\"]"
    ));
    log_numbers(&logging, 1);
    let text =
        wait_for(|| std::fs::read_to_string(&path).ok().filter(|text| text.contains("stratd.logging")));
    assert!(text.starts_with("stratd.logging ERROR handler \"peer\": Connection refused"), "{text}");
    logging.shutdown(Duration::from_millis(10));
}

#[test]
fn batches_and_rates_that_make_no_sense_are_refused_with_their_line() {
    let text = "[handlers.h]\nkind = \"http\"\nhost = \"h:80\"\nbatch = { max_records = 0, header = \"x\" }\nrate = { count = 5 }\npassword = \"x\"";
    let error = Config::parse(text).unwrap_err().to_string();
    for expected in [
        "line 4: handlers.h.batch.max_records: found 0 (accepted: a whole number from 1 to 10000)",
        "line 4: handlers.h.batch.header: unknown key (accepted: max_age, max_records)",
        "line 4: handlers.h.batch: a form holds one record",
        "line 5: handlers.h.rate.per: is missing",
        "line 6: handlers.h.password: it is nobody's (accepted: with user)",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}
