//! An opened library: its doors, and the contract found behind them.
#![expect(unsafe_code, reason = "dlopen, symbols and the library's static data")]

use std::{ffi::c_void, mem::ManuallyDrop, panic::resume_unwind, path::Path, thread};

use abi_stable::{
    StableAbi,
    abi_stability::abi_checking::{CheckingGlobals, check_layout_compatibility_with_globals},
    library::{AbiHeaderRef, LibHeader, ROOT_MODULE_LOADER_NAME_WITH_NUL},
};
use libloading::os::unix::{Library as Handle, RTLD_LOCAL, RTLD_NOW};
use stratd_plugin_api::abi::{
    ABI, CRATE_VERSION, ExchangeV1, LOG_EXTENSION, LogPartV1, ManifestV1, PLUGIN_ENTRY,
    PLUGIN_ENTRY_WITH_NUL, PluginEntry, PluginModule_Ref, PluginV1, Str, StrategyV1, plugin_flag,
};

use crate::plugin_kind::PluginKind;

use super::{
    layout,
    log_part::{self, LogPart},
    manifest::Manifest,
    process,
    refusal::{Identity, Observer, Problem, Step},
};

/// A library that stays mapped as long as the process, unless it is closed.
///
/// Closing a Rust library is a lottery (spec/plugin-abi.md, trap 7): thread-locals and threads of it may live on. So
/// dropping this value closes nothing.
pub(super) struct Library(ManuallyDrop<Handle>);

/// A library with the table of its plugin. Every instance shares it, so that nobody closes it while one lives.
pub(super) struct Opened {
    pub(super) table: Table,
    /// What it offers to the log.
    pub(super) log_parts: Vec<LogPart>,
    library: Library,
    /// The threads of the process before the library was mapped.
    pub(super) threads_before: usize,
}

/// Opens a private copy and checks its contract on a thread of its own, `plugin-open`, which is joined: a thread-local
/// of the library pins it for as long as the thread lives.
pub(super) fn open(
    copy: &Path,
    identity: &mut Identity,
    observe: &mut Observer<'_>,
) -> Result<(Opened, Contract), Problem> {
    let threads_before = process::threads();
    let work = || {
        observe(Step::Open, identity);
        let library = Library::open(copy)?;
        let contract = library.contract(identity, observe)?;
        let log_parts = contract.log_parts.clone();
        Ok((Opened { table: contract.table, log_parts, library, threads_before }, contract))
    };
    on_own_thread("plugin-open", work)?
}

/// Runs `work` on a thread that has ended when this returns.
fn on_own_thread<R: Send>(name: &str, work: impl FnOnce() -> R + Send) -> Result<R, Problem> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).map_err(|e| {
            Problem::new(Step::Open, format!("starting a thread: {e}"), "a free thread of this process")
        })?;
        Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

impl Opened {
    /// Closes the library; whether the system unmapped it is another question.
    ///
    /// # Errors
    /// The system refused, or no thread could be started for its destructors.
    ///
    /// # Safety
    /// Nothing of the library is used any more: no instance, thread, function or text.
    pub(super) unsafe fn close(self) -> Result<(), String> {
        let handle = ManuallyDrop::into_inner(self.library.0);
        on_own_thread("plugin-close", || handle.close().map_err(|e| e.to_string()))
            .map_err(|problem| problem.found)?
    }
}

/// The table of a plugin, copied out of the library. Entries that must not be null are not.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Strategy(StrategyV1),
    Exchange(ExchangeV1),
    /// There is no table: the parts are all.
    Log,
}

/// All that the host needs of a library.
pub(super) struct Contract {
    pub(super) manifest: Manifest,
    pub(super) table: Table,
    pub(super) log_parts: Vec<LogPart>,
    /// Every type was compared field by field, not only sizes and the ABI number.
    pub(super) is_layout_checked: bool,
}

impl Library {
    /// Maps a private copy and runs its constructors. `copy` must be a path that was never opened before.
    fn open(copy: &Path) -> Result<Self, Problem> {
        // SAFETY: runs the constructors of a library that the administrator put in place: trusted code by decision
        let handle = unsafe { Handle::open(Some(copy), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
            // the system's own text is the source of libloading's error; it starts with the path of our copy
            let text =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let text = text.replace(&format!("{}: ", copy.display()), "");
            Problem::new(Step::Open, text, "a library whose needs this system can meet")
        })?;
        Ok(Self(ManuallyDrop::new(handle)))
    }

    /// Checks everything that a plugin declares. `observe` hears where the work is; `identity` gets what it says.
    fn contract(&self, identity: &mut Identity, observe: &mut Observer<'_>) -> Result<Contract, Problem> {
        observe(Step::Symbol, identity);
        let entry = self.entry()?;
        observe(Step::Layout, identity);
        let is_layout_checked = self.check_layout(entry)?;
        observe(Step::Abi, identity);
        // SAFETY: the exported function of the contract; it takes nothing and does not unwind
        let plugin = unsafe { entry() };
        if plugin.is_null() {
            let found = format!("`{PLUGIN_ENTRY}` returned null: the plugin could not describe itself");
            return Err(Problem::new(Step::Abi, found, "the address of its description"));
        }
        // SAFETY: not null; static data of the library, which stays mapped
        let plugin: PluginV1 = unsafe { read(plugin, "the plugin record") }?;
        // SAFETY: as above
        let raw: ManifestV1 = unsafe { read(plugin.manifest, "the manifest") }?;
        observe(Step::Manifest, identity);
        // SAFETY: its texts are static data of the library, which stays mapped
        let mut manifest = unsafe { Manifest::read(&raw) }?;
        identity.name = Some(manifest.name.clone());
        identity.version = Some(manifest.version.clone());
        if !manifest.build_id.is_empty() {
            identity.build_id = Some(manifest.build_id.clone());
        }
        // SAFETY: its tables are static data of the library, which stays mapped
        let table = unsafe { table(&plugin, &manifest) }?;
        // SAFETY: as above
        let log_parts = unsafe { log_parts(&plugin) }?;
        manifest.log_parts = log_parts
            .iter()
            .map(|part| format!("{} {}: {}", part.kind.name(), part.name, part.description))
            .collect();
        if manifest.kind == PluginKind::Log && log_parts.is_empty() {
            let found = "a plugin of kind log that offers nothing";
            return Err(Problem::new(Step::Abi, found, "a filter, a handler or a formatter"));
        }
        observe(Step::PanicMode, identity);
        if !manifest.panic_unwinds {
            return Err(Problem::new(
                Step::PanicMode,
                "a plugin in which a panic ends the process",
                "one whose panics can be caught (build it with panic = \"unwind\")",
            ));
        }
        Ok(Contract { manifest, table, log_parts, is_layout_checked })
    }

    /// The door of every language.
    fn entry(&self) -> Result<PluginEntry, Problem> {
        // SAFETY: the name is reserved for functions of this type
        match unsafe { self.0.get::<PluginEntry>(PLUGIN_ENTRY_WITH_NUL) } {
            Ok(symbol) => Ok(*symbol),
            Err(_) => Err(Problem::new(
                Step::Symbol,
                format!("no exported function `{PLUGIN_ENTRY}`"),
                "a library made with export_strategy!, export_exchange!, export_log! or stratd/plugin.h",
            )),
        }
    }

    /// The door of Rust: if there is one, every type of the contract is compared before anything of it is used.
    fn check_layout(&self, entry: PluginEntry) -> Result<bool, Problem> {
        let name = ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
        // SAFETY: the name is reserved for abi_stable's header; the symbol's address is the reference itself
        let Ok(header) = (unsafe { self.0.get::<AbiHeaderRef>(name) }) else { return Ok(false) };
        let problem = |error: &dyn std::fmt::Display| {
            let text = error.to_string();
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            Problem::new(
                Step::Layout,
                line,
                format!("a plugin built with abi_stable 0.11 and stratd-abi {CRATE_VERSION}"),
            )
        };
        let header: &'static LibHeader = header.upgrade().map_err(|e| problem(&e))?;
        let theirs = header.layout().ok_or_else(|| problem(&"a root module without a layout"))?;
        // Fresh globals: the shared ones of abi_stable keep pointers into every library that was ever checked.
        check_layout_compatibility_with_globals(
            <PluginModule_Ref as StableAbi>::LAYOUT,
            theirs,
            &CheckingGlobals::new(),
        )
        .map_err(|errors| layout::problem(&errors))?;
        // SAFETY: the layout was compared just now
        let module = unsafe { header.init_root_module_with_unchecked_layout::<PluginModule_Ref>() };
        let module = module.map_err(|e| problem(&e))?;
        if module.plugin() as *const c_void != entry as *const c_void {
            return Err(problem(&"two doors that lead to different functions"));
        }
        Ok(true)
    }
}

/// The table that fits the kind, and no other.
///
/// # Safety
/// The tables of `plugin` are null or static data of a loaded library.
unsafe fn table(plugin: &PluginV1, manifest: &Manifest) -> Result<Table, Problem> {
    let (needed, other) = match manifest.kind {
        PluginKind::Strategy => (plugin.strategy.is_null(), !plugin.exchange.is_null()),
        PluginKind::Exchange => (plugin.exchange.is_null(), !plugin.strategy.is_null()),
        PluginKind::Log => (false, !plugin.strategy.is_null() || !plugin.exchange.is_null()),
    };
    if needed || other {
        let found = if needed { "without its table" } else { "with a table of another kind, too" };
        return Err(Problem::new(
            Step::Abi,
            format!("a plugin of kind {} {found}", manifest.kind),
            "exactly the table of its kind",
        ));
    }
    match manifest.kind {
        PluginKind::Strategy => {
            // SAFETY: as demanded of the caller
            unsafe { check_entries(plugin.strategy.cast(), "the strategy table", &STRATEGY_ENTRIES) }?;
            // SAFETY: as demanded of the caller; no entry that must not be null is
            Ok(Table::Strategy(unsafe { read(plugin.strategy, "the strategy table") }?))
        }
        PluginKind::Exchange => {
            // SAFETY: as demanded of the caller
            unsafe { check_entries(plugin.exchange.cast(), "the exchange table", &EXCHANGE_ENTRIES) }?;
            // SAFETY: as demanded of the caller; no entry that must not be null is
            let table: ExchangeV1 = unsafe { read(plugin.exchange, "the exchange table") }?;
            check_capabilities(&table, manifest)?;
            Ok(Table::Exchange(table))
        }
        PluginKind::Log => Ok(Table::Log),
    }
}

/// What a library offers to the log.
///
/// # Safety
/// `plugin` is that of a loaded library.
unsafe fn log_parts(plugin: &PluginV1) -> Result<Vec<LogPart>, Problem> {
    let Some(get_extension) = plugin.get_extension else { return Ok(Vec::new()) };
    // SAFETY: the library's own function; the text lives during the call
    let parts = unsafe { get_extension(Str::new(LOG_EXTENSION)) };
    // SAFETY: null or static data of the library, as the ABI demands of extensions
    unsafe { log_part::read(parts.cast()) }
}

/// What an exchange declares, it must have entries for.
fn check_capabilities(table: &ExchangeV1, manifest: &Manifest) -> Result<(), Problem> {
    let takes_orders = manifest.has_flag(plugin_flag::ORDER_ENTRY);
    let needed = [
        ("historical data", manifest.has_flag(plugin_flag::HISTORICAL), "poll", table.poll.is_some()),
        ("order entry", takes_orders, "new_order", table.new_order.is_some()),
        ("order entry", takes_orders, "cancel_order", table.cancel_order.is_some()),
    ];
    for (capability, is_declared, entry, is_there) in needed {
        if is_declared && !is_there {
            return Err(Problem::new(
                Step::Abi,
                format!("an exchange that declares {capability} and has no `{entry}`"),
                "an entry for each capability",
            ));
        }
    }
    Ok(())
}

/// The two numbers that every record and table starts with.
#[derive(Clone, Copy)]
#[repr(C)]
struct Head {
    size: u32,
    abi: u32,
}

/// Checks address, size and ABI number of a record, and nothing behind them.
///
/// # Safety
/// `data` is null, or at least 8 bytes of a loaded library's static data are there.
unsafe fn check_head(data: *const c_void, what: &str, size: usize) -> Result<(), Problem> {
    let problem = |found: String, accepted: String| Err(Problem::new(Step::Abi, found, accepted));
    let data = data.cast::<Head>();
    if data.is_null() || !data.cast::<usize>().is_aligned() {
        return problem(format!("{what} at address {data:p}"), "an aligned address".to_owned());
    }
    // SAFETY: not null, aligned; the caller vouches for the bytes
    let head = unsafe { *data };
    if head.abi != ABI {
        let found = if head.abi < ABI { ", a draft of V1," } else { "" };
        let found = format!("ABI number {}{found} in {what}", head.abi);
        return problem(found, format!("{ABI}: build it with stratd-abi or the header of 1.0 or later"));
    }
    if head.size as usize != size {
        return problem(format!("{what} of {} bytes", head.size), format!("{size}"));
    }
    Ok(())
}

/// Copies a record out of a library.
///
/// # Safety
/// `data` is null or points to static data of a loaded library whose size it tells first. If `T` has function
/// pointers that must not be null, they are not.
pub(super) unsafe fn read<T: Copy>(data: *const T, what: &str) -> Result<T, Problem> {
    // SAFETY: as demanded of the caller
    unsafe { check_head(data.cast(), what, size_of::<T>()) }?;
    // SAFETY: not null, aligned, of the right size
    Ok(unsafe { *data })
}

/// The entries of a table that must not be null, and its size.
pub(super) struct Entries {
    size: usize,
    required: &'static [(&'static str, usize)],
}

const STRATEGY_ENTRIES: Entries = Entries {
    size: size_of::<StrategyV1>(),
    required: &[
        ("create", std::mem::offset_of!(StrategyV1, create)),
        ("destroy", std::mem::offset_of!(StrategyV1, destroy)),
        ("on_events", std::mem::offset_of!(StrategyV1, on_events)),
        ("on_orders", std::mem::offset_of!(StrategyV1, on_orders)),
    ],
};

pub(super) const LOG_PART_ENTRIES: Entries = Entries {
    size: size_of::<LogPartV1>(),
    required: &[
        ("create", std::mem::offset_of!(LogPartV1, create)),
        ("destroy", std::mem::offset_of!(LogPartV1, destroy)),
    ],
};

const EXCHANGE_ENTRIES: Entries = Entries {
    size: size_of::<ExchangeV1>(),
    required: &[
        ("create", std::mem::offset_of!(ExchangeV1, create)),
        ("destroy", std::mem::offset_of!(ExchangeV1, destroy)),
        ("connect", std::mem::offset_of!(ExchangeV1, connect)),
        ("instruments", std::mem::offset_of!(ExchangeV1, instruments)),
        ("lookup", std::mem::offset_of!(ExchangeV1, lookup)),
        ("subscribe", std::mem::offset_of!(ExchangeV1, subscribe)),
        ("stop", std::mem::offset_of!(ExchangeV1, stop)),
    ],
};

/// Looks at the entries as plain addresses: a null that is read as a function pointer would be undefined behaviour.
///
/// # Safety
/// As [`check_head`]; if size and ABI number fit, the whole table is there.
pub(super) unsafe fn check_entries(
    data: *const c_void,
    what: &str,
    entries: &Entries,
) -> Result<(), Problem> {
    // SAFETY: as demanded of the caller
    unsafe { check_head(data, what, entries.size) }?;
    for (name, offset) in entries.required {
        // SAFETY: the offset of a field, inside of a table whose size was checked
        let place = unsafe { data.byte_add(*offset) };
        // SAFETY: as above; entries are aligned as the table is
        if unsafe { *place.cast::<usize>() } == 0 {
            return Err(Problem::new(Step::Abi, format!("{what} without `{name}`"), "a function there"));
        }
    }
    Ok(())
}
