//! Why a request is refused: a code for programs, a message that says what was found and what would be accepted.

use crate::json::Object;

/// The codes of ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    BadJson,
    BadRequest,
    UnknownType,
    NotLoggedIn,
    UnknownInstrument,
    UnknownOrder,
    DuplicateId,
    OffTick,
    OffLot,
    BadQuantity,
    BadOrder,
    RateLimit,
    TooOld,
    Limit,
    Rejected,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadRequest => "bad_request",
            Self::UnknownType => "unknown_type",
            Self::NotLoggedIn => "not_logged_in",
            Self::UnknownInstrument => "unknown_instrument",
            Self::UnknownOrder => "unknown_order",
            Self::DuplicateId => "duplicate_id",
            Self::OffTick => "off_tick",
            Self::OffLot => "off_lot",
            Self::BadQuantity => "bad_quantity",
            Self::BadOrder => "bad_order",
            Self::RateLimit => "rate_limit",
            Self::TooOld => "too_old",
            Self::Limit => "limit",
            Self::Rejected => "rejected",
        }
    }
}

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    /// Further keys, with texts.
    details: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new() }
    }

    /// With a further key.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.details.push((key, value.into()));
        self
    }

    /// The ERROR that answers a request; 0 = its number could not be read.
    pub(crate) fn answer(&self, request: u64) -> String {
        let object = Object::message("ERROR").raw("request", request).text("code", self.code.name());
        let object = object.text("message", &self.message);
        self.details.iter().fold(object, |object, (key, value)| object.text(key, value)).end()
    }
}
