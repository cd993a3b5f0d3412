//! Bringing a configuration into force.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    Config,
    apply_loggers::configure_loggers,
    handler::{HandlerOptions, HandlerSpec},
    section::join,
    succession::retire,
    to_error,
};
use crate::{
    backend::{Backend, Memory, OWN_LOGGER, Router, Sink, Slot},
    clock,
    error::{Error, ErrorKind, Result},
    format::FormatterOptions,
    handler::Handler,
    level::{Level, LevelNames},
    logging::{Logging, SHUTDOWN_TIMEOUT},
    ring::lock,
    tree::Tree,
};

impl Logging {
    /// Brings a configuration into force: what is new is opened first, then everything changes between two records, then
    /// what is no longer used is closed. Handlers that did not change keep their files.
    ///
    /// # Errors
    /// If something cannot be opened, or an incremental configuration names a handler that is not there. Nothing has
    /// changed then.
    ///
    /// ```
    /// use stratd_logging::{Config, Logging};
    ///
    /// let logging = Logging::new();
    /// logging.apply(Config::parse("[loggers.a]\nlevel = \"DEBUG\"")?)?;
    /// assert_eq!(logging.effective_level("a.b")?.get(), 10);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn apply(&self, config: Config) -> Result<()> {
        if config.is_incremental {
            return self.apply_levels(&config);
        }
        let mut config = config;
        let mut receivers = lock(self.receiver_set());
        let prepared = receivers.prepare(std::mem::take(&mut config.receivers), self.shared())?;
        let opened = self.open_new(&config)?;
        let retired = self.shared().change(|backend, tree| swap(backend, tree, config, opened))?;
        receivers.commit(prepared);
        drop(receivers);
        self.close_retired(retired);
        Ok(())
    }

    /// Closes what the configuration no longer has. The back end goes on meanwhile: a peer that is away costs the caller
    /// the time, and nobody else. What could not be delivered is told in the log.
    fn close_retired(&self, retired: Vec<Slot>) {
        let start = clock::monotonic();
        for slot in retired {
            let name = slot.status.name;
            let mut handler = match slot.sink {
                Sink::Handler(handler) => handler,
                Sink::Memory(memory) => {
                    self.tell_kept(&name, memory.records.len());
                    continue;
                }
            };
            let left = SHUTDOWN_TIMEOUT.saturating_sub(clock::monotonic().saturating_duration_since(start));
            let closed = catch_unwind(AssertUnwindSafe(|| handler.close(left)));
            let problem = match closed {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            if let Ok(logger) = self.logger(OWN_LOGGER) {
                logger.log(Level::ERROR, &format!("closing handler {name:?}: {problem}"));
            }
        }
    }

    /// Tells what a memory handler that is gone still kept: nobody sees it any more.
    fn tell_kept(&self, name: &str, kept: usize) {
        if kept == 0 {
            return;
        }
        if let Ok(logger) = self.logger(OWN_LOGGER) {
            let text = format!("closing handler {name:?}: the {kept} records that it kept are lost");
            logger.log(Level::WARNING, &text);
        }
    }

    /// What [`Logging::apply`] would refuse of a configuration without opening anything: an incremental one names handlers
    /// that must be there.
    ///
    /// # Errors
    /// With every such handler.
    ///
    /// ```
    /// # use stratd_logging::{Config, Logging};
    /// let config = Config::parse("incremental = true\n[handlers.nobody]\nlevel = \"INFO\"")?;
    /// assert!(Logging::new().check(&config).is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn check(&self, config: &Config) -> Result<()> {
        if !config.is_incremental {
            return Ok(());
        }
        let backend = self.shared().claim();
        let is_unknown = |spec: &&HandlerSpec| backend.router.find_handler(&spec.name).is_none();
        let unknown: Vec<&HandlerSpec> = config.handlers.iter().filter(is_unknown).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut names: Vec<&str> =
            backend.router.slots.iter().flatten().map(|slot| slot.status.name.as_str()).collect();
        names.sort_unstable();
        let text = format!("there is none of this name (accepted: {})", names.join(", "));
        let problems: Vec<_> =
            unknown.iter().map(|spec| (join("handlers", &spec.name), text.clone())).collect();
        Err(to_error(&problems, None))
    }

    /// Opens what the running handlers cannot be used for.
    fn open_new(&self, config: &Config) -> Result<Vec<Option<Box<dyn Handler>>>> {
        let running: HashMap<String, (String, toml::Table)> = {
            let backend = self.shared().claim();
            let slots = backend.router.slots.iter().flatten();
            slots
                .filter_map(|slot| slot.identity.clone().map(|identity| (slot.status.name.clone(), identity)))
                .collect()
        };
        let mut opened = Vec::new();
        let mut problems = Vec::new();
        for spec in &config.handlers {
            if running
                .get(&spec.name)
                .is_some_and(|(kind, identity)| *kind == spec.kind && *identity == spec.identity)
            {
                opened.push(None);
                continue;
            }
            match spec.open() {
                Ok(handler) => opened.push(handler),
                Err(error) => {
                    let problem = error.to_string();
                    problems.push((spec.path_of_place(&problem), problem));
                }
            }
        }
        if problems.is_empty() { Ok(opened) } else { Err(to_error(&problems, None)) }
    }

    /// Levels and propagation only.
    fn apply_levels(&self, config: &Config) -> Result<()> {
        self.check(config)?;
        self.shared().change(|backend, tree| {
            // one that went away since it was looked for needs no level any more
            let found = config.handlers.iter();
            let found = found.filter_map(|spec| Some((backend.router.find_handler(&spec.name)?, spec.level)));
            let found: Vec<_> = found.collect();
            let root = config.root.iter().map(|spec| ("root", spec));
            let loggers = config.loggers.iter().map(|(name, spec)| (name.as_str(), spec)).chain(root);
            let mut ids = Vec::new();
            for (name, spec) in loggers {
                ids.push((tree.get_or_insert(name)?, spec));
            }
            for (id, spec) in ids {
                if spec.level.is_some() {
                    tree.keep_level(id);
                }
                let node = tree.node_mut(id);
                node.level = spec.level.unwrap_or(node.level);
                node.propagate = spec.propagate.unwrap_or(node.propagate);
            }
            for (id, level) in found {
                backend.router.set_handler_level(id, level);
            }
            if let Some(level) = config.disable {
                tree.set_disabled_to(level);
            }
            Ok(())
        })
    }

    /// As Python's `basicConfig`: does nothing if the root has handlers, unless `force`; sets up the root and nothing else.
    /// Returns whether it did something.
    ///
    /// # Errors
    /// If the handler cannot be opened.
    ///
    /// ```
    /// use stratd_logging::{Config, Logging};
    ///
    /// let logging = Logging::new();
    /// let config = || Config::basic(&toml::Table::new());
    /// assert!(logging.basic_config(config()?, false)?);
    /// assert!(!logging.basic_config(config()?, false)?);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn basic_config(&self, config: Config, force: bool) -> Result<bool> {
        if self.has_handlers("root")? && !force {
            return Ok(false);
        }
        let mut opened = Vec::new();
        for spec in &config.handlers {
            opened.push(spec.open()?);
        }
        self.shared().change(|backend, tree| {
            let old = std::mem::take(&mut tree.node_mut(0).handlers);
            for handler in old {
                backend.router.close(handler, SHUTDOWN_TIMEOUT);
                backend.router.forget(handler);
            }
            let formatters = add_formatters(&mut backend.router, &config)?;
            for (spec, handler) in config.handlers.iter().zip(opened) {
                let id = place(&mut backend.router, spec, handler)?;
                configure(&mut backend.router, id, spec, &formatters, &HashMap::new());
                tree.node_mut(0).handlers.push(id);
            }
            let level = config.root.as_ref().and_then(|root| root.level);
            tree.node_mut(0).level = level.unwrap_or(tree.node(0).level);
            Ok(true)
        })
    }
}

fn swap(
    backend: &mut Backend,
    tree: &mut Tree,
    config: Config,
    opened: Vec<Option<Box<dyn Handler>>>,
) -> Result<Vec<Slot>> {
    // whatever can be refused comes before the first change
    for (name, _) in &config.loggers {
        tree.get_or_insert(name)?;
    }
    let mut levels = LevelNames::default();
    for (name, level) in &config.levels {
        levels.add(*level, name)?;
    }
    let router = &mut backend.router;
    let survivors: Vec<u32> = router.handler_ids().filter(|&id| !router.is_configurable(id)).collect();
    let old: Vec<u32> = router.handler_ids().filter(|&id| router.is_configurable(id)).collect();
    let formatters = add_formatters(router, &config)?;
    let filters: HashMap<String, u32> =
        config.filters.into_iter().map(|(name, filter)| (name, router.add_filter(filter))).collect();
    let handlers = place_all(router, &config.handlers, opened)?;
    for spec in &config.handlers {
        if let Some(&id) = handlers.get(&spec.name) {
            configure(router, id, spec, &formatters, &filters);
        }
    }
    for spec in &config.handlers {
        if let HandlerOptions::Memory(options) = &spec.options
            && let Some(&id) = handlers.get(&spec.name)
        {
            let target = options.target.as_ref().and_then(|target| handlers.get(target)).copied();
            router.set_target(id, target);
        }
    }
    tree.levels = levels;
    // levels are those of the configuration from now on
    tree.reverts.clear();
    tree.flights.configure(config.flight_recorder);
    configure_loggers(
        tree,
        &config.loggers,
        config.root.as_ref(),
        ((&handlers, &filters), &survivors),
        config.disables_existing,
    );
    tree.set_disabled_to(config.disable.unwrap_or(Level::NOTSET));
    if let Some(overflow) = config.overflow {
        backend.set_overflow(overflow);
    }
    let router = &mut backend.router;
    router.uses_last_resort = config.has_last_resort;
    router.context = config.context;
    let old = old.into_iter().filter(|id| !handlers.values().any(|kept| kept == id)).collect();
    let retired = retire(router, old, &handlers);
    router.sweep(tree);
    Ok(retired)
}

/// Puts every handler into its place, or none.
fn place_all(
    router: &mut Router,
    specs: &[HandlerSpec],
    opened: Vec<Option<Box<dyn Handler>>>,
) -> Result<HashMap<String, u32>> {
    let (mut handlers, mut placed) = (HashMap::new(), Vec::new());
    for (spec, handler) in specs.iter().zip(opened) {
        // a memory handler is never opened: whether it stays is to be seen here
        let is_memory = matches!(spec.options, HandlerOptions::Memory(_));
        let is_same = |&id: &u32| !is_memory || router.has_identity(id, &spec.kind, &spec.identity);
        let kept = router.find_handler(&spec.name).filter(|id| handler.is_none() && is_same(id));
        let id = match kept {
            Some(id) => id,
            None => match place(router, spec, handler) {
                Ok(id) => {
                    placed.push(id);
                    id
                }
                Err(error) => {
                    placed.into_iter().for_each(|id| router.forget(id));
                    return Err(error);
                }
            },
        };
        handlers.insert(spec.name.clone(), id);
    }
    Ok(handlers)
}

/// The places of a formatter: of its text, and of its text for terminals.
#[derive(Clone, Copy)]
struct Formatters {
    plain: u32,
    for_terminals: u32,
}

fn add_formatters(router: &mut Router, config: &Config) -> Result<HashMap<String, Formatters>> {
    let mut formatters = HashMap::new();
    for spec in &config.formatters {
        let plain = router.add_formatter(&spec.options)?;
        let for_terminals = if spec.is_colored_for_terminals {
            router.add_formatter(&FormatterOptions { has_color: true, ..spec.options.clone() })?
        } else {
            plain
        };
        formatters.insert(spec.name.clone(), Formatters { plain, for_terminals });
    }
    Ok(formatters)
}

fn place(router: &mut Router, spec: &HandlerSpec, handler: Option<Box<dyn Handler>>) -> Result<u32> {
    let sink = match (&spec.options, handler) {
        (HandlerOptions::Memory(options), _) => Sink::Memory(Memory {
            records: VecDeque::new(),
            capacity: options.capacity,
            flush_level: options.flush_level,
            target: None,
            flush_on_close: options.flush_on_close,
        }),
        (_, Some(mut handler)) => {
            handler.activate()?;
            Sink::Handler(handler)
        }
        (_, None) => return Err(Error::new(ErrorKind::Handler, format!("handler {:?} is gone", spec.name))),
    };
    let mut slot = Slot::new(&spec.name, &spec.kind, sink);
    slot.identity = Some((spec.kind.clone(), spec.identity.clone()));
    router.add_slot(slot)
}

fn configure(
    router: &mut Router,
    id: u32,
    spec: &HandlerSpec,
    formatters: &HashMap<String, Formatters>,
    filters: &HashMap<String, u32>,
) {
    let Some(Some(slot)) = router.slots.get_mut(id as usize) else { return };
    slot.level = spec.level;
    // names were checked when the configuration was read
    let formatter = spec.formatter.as_ref().and_then(|name| formatters.get(name));
    slot.formatter = match formatter {
        None => 0,
        Some(formatter) if spec.options.wants_color() => formatter.for_terminals,
        Some(formatter) => formatter.plain,
    };
    slot.filters = spec.filters.iter().filter_map(|name| filters.get(name)).copied().collect();
}
