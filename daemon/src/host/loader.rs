//! From a file to a plugin whose instances can be created.
//!
//! ```text
//! file ─ read ─► Candidate ─ verify ─► Verified ─┬─ open ──► LoadedPlugin, mapped
//!                                                └─ adopt ─► LoadedPlugin, never mapped unless it must be
//! ```
//! No code of a plugin runs before `open`. The loader remembers the latest plugin of each name, no others.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    elf, library,
    loaded::LoadedPlugin,
    probe::Accepted,
    refusal::{Identity, Problem, Refusal, Step},
    stage::{self, Content, Stage, StagedCopy},
};

/// Loads plugins and remembers them.
pub struct Loader {
    stage: Arc<Stage>,
    // Held for look-ups only, never across a call of a plugin.
    shelf: Mutex<Shelf>,
}

/// What was loaded.
#[derive(Default)]
struct Shelf {
    /// The latest plugin of each name, in the order in which the names came.
    latest: Vec<Arc<LoadedPlugin>>,
    /// How many of each name there were.
    generations: BTreeMap<String, u64>,
}

/// A file that was read once, and from here on does not matter any more.
pub struct Candidate {
    identity: Identity,
    content: Content,
}

impl Candidate {
    /// What is known of it: its file and its hash.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// SHA-256 of its content.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.content.hash
    }
}

/// A complete library with a private copy that was not opened yet.
pub struct Verified {
    identity: Identity,
    copy: StagedCopy,
}

impl Verified {
    /// What is known of it: file, hash and build id.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// SHA-256 of its content.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.identity.hash.as_deref().unwrap_or_default()
    }

    /// The private copy. It exists as long as this value, or what is made of it.
    #[must_use]
    pub fn copy(&self) -> &Path {
        self.copy.path()
    }
}

impl Loader {
    /// A loader that keeps its private copies in a directory of its own below `stage_base`.
    ///
    /// # Errors
    /// No such directory can be made there.
    pub fn new(stage_base: &Path) -> Result<Self, Refusal> {
        let stage = Stage::new(stage_base)
            .map_err(|p| p.of(&Identity { file: stage_base.to_owned(), ..Identity::default() }))?;
        Ok(Self { stage: Arc::new(stage), shelf: Mutex::default() })
    }

    /// Loads a plugin: all steps but the probe. The content of the latest plugin of a name, under whatever path, is
    /// that plugin; new content under its path is the next generation of it.
    ///
    /// # Errors
    /// A step refused; nothing else changed.
    pub fn load(&self, file: &Path) -> Result<Arc<LoadedPlugin>, Refusal> {
        let candidate = self.read(file)?;
        if let Some(same) = self.of_hash(candidate.hash()) {
            return Ok(same);
        }
        self.open(self.verify(candidate)?)
    }

    /// Reads a file. Whoever knows the content can stop here.
    ///
    /// # Errors
    /// It cannot be read, or changes meanwhile.
    pub fn read(&self, file: &Path) -> Result<Candidate, Refusal> {
        let mut identity = Identity { file: file.to_owned(), ..Identity::default() };
        let content = stage::read(file).map_err(|problem| problem.of(&identity))?;
        identity.hash = Some(content.hash.clone());
        Ok(Candidate { identity, content })
    }

    /// Checks that it is a complete library for this machine, and writes the private copy.
    ///
    /// # Errors
    /// It is not, or there is no room.
    pub fn verify(&self, candidate: Candidate) -> Result<Verified, Refusal> {
        let Candidate { mut identity, content } = candidate;
        let mut check = || {
            identity.build_id = elf::check(&content.bytes)?.build_id;
            self.stage.put(&identity.file, &content)
        };
        match check() {
            Ok(copy) => Ok(Verified { identity, copy }),
            Err(problem) => Err(problem.of(&identity)),
        }
    }

    /// Maps the library into this process and takes the plugin up.
    ///
    /// # Errors
    /// A step refused; the library may stay mapped.
    pub fn open(&self, verified: Verified) -> Result<Arc<LoadedPlugin>, Refusal> {
        let Verified { mut identity, copy } = verified;
        // from here on the copy may be mapped, whatever comes out
        copy.keep();
        match library::open(copy.path(), &mut identity, &mut |_, _| {}) {
            Ok((opened, contract)) => self.add(LoadedPlugin::of_opened(identity, opened, contract, copy)),
            Err(problem) => Err(problem.of(&identity)),
        }
    }

    /// Takes up a plugin that a probe accepted, without mapping its library. Whoever creates an instance of it in this
    /// process maps it then.
    ///
    /// # Errors
    /// Another file carries its name.
    pub fn adopt(&self, verified: Verified, accepted: Accepted) -> Result<Arc<LoadedPlugin>, Refusal> {
        let Accepted { plugin, manifest, is_layout_checked } = accepted;
        self.add(LoadedPlugin::of_manifest(plugin, manifest, is_layout_checked, verified.copy))
    }

    /// The latest plugin of each name, in the order in which the names came.
    #[must_use]
    pub fn loaded(&self) -> Vec<Arc<LoadedPlugin>> {
        self.lock().latest.clone()
    }

    /// Takes a plugin up as the latest of its name, unless another file carries the name.
    fn add(&self, mut plugin: LoadedPlugin) -> Result<Arc<LoadedPlugin>, Refusal> {
        let mut shelf = self.lock();
        // another thread may have loaded the same content meanwhile
        if let Some(same) = shelf.latest.iter().find(|p| p.hash() == plugin.hash()) {
            return Ok(Arc::clone(same));
        }
        let name = plugin.manifest().name.clone();
        let place = shelf.latest.iter().position(|p| p.manifest().name == name);
        if let Some(other) = place.and_then(|at| shelf.latest.get(at))
            && !is_successor(plugin.file(), other.file())
        {
            let found = format!("the name {name} that {} has, too", other.file().display());
            return Err(Problem::new(Step::Name, found, "one file of each name").of(plugin.identity()));
        }
        let generation = shelf.generations.entry(name).or_insert(0);
        *generation += 1;
        plugin.set_generation(*generation);
        let plugin = Arc::new(plugin);
        match place {
            Some(at) => shelf.latest[at] = Arc::clone(&plugin),
            None => shelf.latest.push(Arc::clone(&plugin)),
        }
        Ok(plugin)
    }

    fn of_hash(&self, hash: &str) -> Option<Arc<LoadedPlugin>> {
        self.lock().latest.iter().find(|p| p.hash() == hash).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader").field("loaded", &self.lock().latest.len()).finish_non_exhaustive()
    }
}

/// Whether a file takes the place of another one: it has the same directory entry or is the same file, or the other
/// one is gone.
fn is_successor(file: &Path, before: &Path) -> bool {
    !before.exists() || entry(file) == entry(before) || canonical(file) == canonical(before)
}

/// The path with a directory without links; the last part may be one.
fn entry(file: &Path) -> PathBuf {
    match (file.parent(), file.file_name()) {
        (Some(directory), Some(name)) => {
            // the directory of a bare name is the current one
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            canonical(directory).join(name)
        }
        _ => file.to_owned(),
    }
}

/// The path without links; the path itself once the file is gone.
fn canonical(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}
