//! What the host wants.

use stratd_plugin_api::{InstrumentId, Level, OrderRequest, Reason, Reply, abi};

use super::{Asked, Command, OPEN_MAX, Session, Subscribed, questions::Question};
use crate::wire;

impl Session {
    pub(crate) fn command(&mut self, command: Command) {
        match command {
            Command::New(command) => self.new_order(&command),
            Command::Cancel(command) => self.cancel(&command),
            Command::Change(command) => self.change(&command),
            Command::Connect(reply) if self.is_online() => reply.done(),
            Command::Connect(reply) => self.connecting.push(reply),
            Command::Subscribe(instrument, reply) => self.subscribe(instrument, reply),
            Command::Instruments(reply) => self.question(Question::Instruments(reply)),
            Command::Lookup(symbol, reply) => self.question(Question::Lookup(symbol, reply)),
            Command::Accounts(reply) => self.question(Question::Account(reply)),
            Command::OpenOrders(reply) => self.question(Question::OpenOrders(reply)),
            Command::Fills(since, reply) => self.question(Question::Fills(since, reply)),
            Command::FindOrder(id, reply) => self.question(Question::Find(id.0, reply)),
            // who asked has gone if it took too long
            Command::Save(to) => drop(to.try_send(self.kept())),
        }
    }

    fn new_order(&mut self, command: &abi::OrderCommand) {
        let refused = |session: &mut Self, why: &str| {
            let id = command.client_order_id;
            session.host.log(Level::WARNING, format_args!("order {id} was not sent: {why}"));
            session.orders.not_sent(command, &mut session.tell);
        };
        if !self.is_online() {
            return refused(self, "there is no connection to the venue");
        }
        if self.orders.open() >= OPEN_MAX {
            return refused(self, &format!("{OPEN_MAX} requests wait for an answer"));
        }
        let Ok(order) = OrderRequest::try_from(&command.order) else {
            return refused(self, "it cannot be read");
        };
        let Some(instrument) = self.names.get(order.instrument) else {
            return refused(self, &format!("there is no instrument {}", order.instrument));
        };
        let id = command.client_order_id;
        match wire::new_order(&self.orders.text_of(id), &order, instrument) {
            Err(why) => refused(self, &why),
            Ok(order) => {
                let due = self.now().saturating_add(self.settings.answer_ns);
                self.orders.sends(command, self.connection, due);
                self.ask(Asked::New(id), |request| order.frame(request));
            }
        }
    }

    fn cancel(&mut self, command: &abi::OrderCommand) {
        let id = command.client_order_id;
        if self.orders.open() >= OPEN_MAX {
            let reason = Reason::HostLimit;
            return self.orders.request_refused(id, command.correlation, reason, &mut self.tell);
        }
        // without a connection it waits for one
        self.orders.wants_cancel(command, Some(0));
        if self.is_online() {
            self.ask_due();
        }
    }

    fn change(&mut self, command: &abi::OrderCommand) {
        let id = command.client_order_id;
        let order = OrderRequest::try_from(&command.order).ok();
        let instrument = order.and_then(|order| self.names.get(order.instrument));
        let (Some(order), Some(instrument), true) = (order, instrument, self.is_online()) else {
            let (correlation, reason) = (command.correlation, Reason::Exchange);
            self.host.log(
                Level::WARNING,
                format_args!("the change of order {id} was not sent: there is no connection"),
            );
            return self.orders.request_refused(id, correlation, reason, &mut self.tell);
        };
        let (text, instrument) = (self.orders.text_of(id), instrument.clone());
        self.orders.wants_change(command, self.now().saturating_add(self.settings.answer_ns));
        self.ask(Asked::Change(id), |request| wire::change(request, &text, &order, &instrument));
    }

    fn subscribe(&mut self, instrument: Option<InstrumentId>, reply: Reply) {
        let name = match instrument {
            None => None,
            Some(id) => match self.names.get(id) {
                Some(instrument) => Some(instrument.symbol.clone()),
                None => return reply.fail(&format!("there is no instrument {id}")),
            },
        };
        match (&mut self.subscribed, name) {
            (Subscribed::Some(names), Some(name)) => {
                names.insert(name);
            }
            (Subscribed::All, Some(_)) => {}
            (Subscribed::Nothing, Some(name)) => self.subscribed = Subscribed::Some([name].into()),
            (_, None) => self.subscribed = Subscribed::All,
        }
        if self.is_online() {
            self.ask_snapshots();
        } else {
            self.set_halted(true);
        }
        reply.done();
    }
}
