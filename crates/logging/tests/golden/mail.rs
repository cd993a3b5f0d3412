//! Scenarios of kind `smtp`: what is said to a mail server.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use stratd_logging::{Entry, Handler, Level, Record, SmtpHandler, SmtpLink, SmtpOptions};

use crate::{Failure, expectation};

#[derive(Default)]
struct Heard {
    commands: Vec<Json>,
    mail: Vec<String>,
}

/// A mail server that says yes to everything.
struct Server {
    heard: Arc<Mutex<Heard>>,
    answers: VecDeque<&'static str>,
    in_mail: bool,
}

impl SmtpLink for Server {
    fn read_line(&mut self, line: &mut String) -> io::Result<()> {
        line.push_str(self.answers.pop_front().unwrap_or_default());
        Ok(())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let line = String::from_utf8_lossy(bytes).trim_end_matches("\r\n").to_owned();
        let mut heard = self.heard.lock().expect("no holder of this lock panics");
        if self.in_mail && line != "." {
            heard.mail.push(line);
            return Ok(());
        }
        self.in_mail = line == "DATA";
        let word = line.split(' ').next().unwrap_or_default().to_lowercase();
        let (command, answer) = match word.as_str() {
            "ehlo" => (Some(json!("ehlo")), "250 hello\r\n"),
            "starttls" => (Some(json!("starttls")), "220 go on\r\n"),
            "auth" => (Some(json!(["login", line.rsplit(' ').next()])), "235 welcome\r\n"),
            "quit" => (Some(json!("quit")), "221 bye\r\n"),
            "data" => (None, "354 go on\r\n"),
            _ => (None, "250 yes\r\n"),
        };
        heard.commands.extend(command);
        self.answers.push_back(answer);
        Ok(())
    }

    fn start_tls(&mut self, host: &str) -> io::Result<()> {
        if host == "h" { Ok(()) } else { Err(io::Error::other(format!("encrypted for {host:?}"))) }
    }
}

pub(crate) fn run(row: &Json) -> Result<(), Failure> {
    let (input, expect) = (&row["input"], expectation(row));
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let host = match input["mailhost"].as_array() {
        Some(pair) => format!("{}:{}", pair[0].as_str().unwrap_or_default(), pair[1]),
        None => format!("{}:25", text("mailhost")),
    };
    same(
        "host",
        &json!(host),
        &json!(format!("{}:{}", expect["host"].as_str().unwrap_or_default(), expect["port"])),
    )?;
    let to: Vec<&str> = match &input["toaddrs"] {
        Json::String(one) => vec![one],
        many => many.as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
    };
    let credentials = input["credentials"].as_array().map(|pair| {
        let part = |index: usize| pair[index].as_str().unwrap_or_default().to_owned();
        (part(0), part(1))
    });
    let starttls = !input["secure"].is_null() && credentials.is_some();
    let options = SmtpOptions {
        credentials,
        secure: starttls,
        ..SmtpOptions::new(&host, text("fromaddr"), &to, text("subject"))
    };
    let heard = Arc::new(Mutex::new(Heard::default()));
    let for_server = Arc::clone(&heard);
    let connect = move |_: &str| {
        let server =
            Server { heard: Arc::clone(&for_server), answers: ["220 ready\r\n"].into(), in_mail: false };
        Ok(Box::new(server) as Box<dyn SmtpLink>)
    };
    let mut handler =
        SmtpHandler::with_connect(options, Box::new(connect)).map_err(|error| error.to_string())?;
    let record = Record::new("root", Level::ERROR, text("msg"));
    handler.emit(&Entry::new(&record, text("msg"))).map_err(|error| error.to_string())?;
    handler.close(Duration::from_secs(10)).map_err(|error| error.to_string())?;
    let heard = heard.lock().expect("no holder of this lock panics");
    let mut expected: Vec<Json> = expect["calls"].as_array().cloned().unwrap_or_default();
    for call in &mut expected {
        if call[0] == "login" {
            let part = |index: usize| call[index].as_str().unwrap_or_default();
            *call = json!(["login", token(part(1), part(2))]);
        }
    }
    // Python's library greets by itself where nothing is encrypted, which the row does not show
    let is_shown = |command: &&Json| starttls || **command != "ehlo";
    let commands: Vec<&Json> = heard.commands.iter().filter(is_shown).collect();
    same("calls", &json!(commands), &json!(expected))?;
    let mail = heard.mail.join("\n");
    let (head, body) = mail.split_once("\n\n").unwrap_or_default();
    same("body", &json!(format!("{body}\n")), &expect["body"])?;
    for (name, value) in expect["message"].as_object().into_iter().flatten() {
        let header = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        same(name, &json!(header), value)?;
    }
    Ok(())
}

/// User and password of the only ones in the rows.
fn token(user: &str, password: &str) -> &'static str {
    if (user, password) == ("u", "p") { "AHUAcA==" } else { "unknown" }
}

fn same(what: &str, ours: &Json, expected: &Json) -> Result<(), Failure> {
    if ours == expected {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("{what}: got {ours}, expected {expected}")))
    }
}
