//! Who is at the other end of a connection, by the kernel's word.
//!
//! SO_PEERCRED names the user and the primary group of the process that connected. Its other groups are taken from
//! the user database, never from `/proc`: the process may be gone, be another one by now, or not be visible to us
//! (ProtectProc=, another pid namespace).

use std::{ffi::CString, fmt, io, net::SocketAddr, path::Path, sync::Arc};

use nix::unistd::{Gid, Group, Uid, User, geteuid, getgrouplist};
use tokio::{net::UnixStream, sync::Semaphore, task};

/// What a peer may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look at everything.
    Reader,
    /// Change what runs: load, reload, stop.
    Operator,
    /// Everything.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}

/// Who is at the other end of a connection, and what they may do.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) who: Who,
    pub(super) role: Role,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// A user of this machine, by the kernel's word.
    User {
        uid: u32,
        /// For the log only: it says nothing of who it is. None or 0 from outside of our pid namespace.
        pid: Option<i32>,
    },
    /// Somebody who knows the token or has a certificate.
    Network {
        address: SocketAddr,
        /// The SHA-256 of the certificate, if there is one.
        certificate: Option<Arc<str>>,
    },
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, .. } => write!(f, "uid {uid}"),
            Self::Network { address, certificate: None } => address.fmt(f),
            Self::Network { address, certificate: Some(hash) } => {
                write!(f, "{address} with certificate {hash}")
            }
        }
    }
}

/// Gives roles.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    rules: Rules,
    /// Nobody who comes by this way may do more, whoever it is.
    ceiling: Role,
    /// Lookups that may be made at once.
    lookups: Arc<Semaphore>,
}

/// Who has which role.
#[derive(Clone, Copy, Debug)]
struct Rules {
    own: Uid,
    operators: Option<Gid>,
}

impl Gate {
    /// A gate that takes the members of `operators` for operators.
    pub(super) fn new(operators: Option<Gid>, lookups: usize) -> Self {
        let rules = Rules { own: geteuid(), operators };
        Self { rules, ceiling: Role::Admin, lookups: Arc::new(Semaphore::new(lookups)) }
    }

    /// A gate that takes everybody for a reader.
    pub(super) fn of_readers(&self) -> Self {
        Self { ceiling: Role::Reader, ..self.clone() }
    }

    /// Whether it takes everybody for a reader.
    pub(super) fn is_of_readers(&self) -> bool {
        self.ceiling == Role::Reader
    }

    /// Finds out who has connected.
    pub(super) async fn peer(&self, stream: &UnixStream) -> io::Result<Peer> {
        let credentials = stream.peer_cred()?;
        let (uid, gid) = (Uid::from_raw(credentials.uid()), Gid::from_raw(credentials.gid()));
        let role = match self.rules.role_without_lookup(uid, gid) {
            // nothing that is looked up would give more
            _ if self.ceiling == Role::Reader => Role::Reader,
            Some(role) => role.min(self.ceiling),
            None => self.role_by_lookup(uid, gid).await.min(self.ceiling),
        };
        Ok(Peer { who: Who::User { uid: uid.as_raw(), pid: credentials.pid() }, role })
    }

    /// The user database may be a server far away, so that it is asked on another thread.
    async fn role_by_lookup(&self, uid: Uid, gid: Gid) -> Role {
        let rules = self.rules;
        // never closed; and who cannot be looked up may change nothing
        let Ok(permit) = Arc::clone(&self.lookups).acquire_owned().await else { return Role::Reader };
        let looked_up = task::spawn_blocking(move || {
            let role = rules.role_by_groups(uid, &groups(uid, gid));
            drop(permit);
            role
        });
        looked_up.await.unwrap_or(Role::Reader)
    }
}

impl Rules {
    /// The role, if the groups of the user cannot change it.
    fn role_without_lookup(self, uid: Uid, gid: Gid) -> Option<Role> {
        if uid.is_root() || uid == self.own {
            return Some(Role::Admin);
        }
        match self.operators {
            None => Some(Role::Reader),
            Some(operators) if operators == gid => Some(Role::Operator),
            Some(_) => None,
        }
    }

    fn role_by_groups(self, uid: Uid, groups: &[Gid]) -> Role {
        let is_operator = self.operators.is_some_and(|operators| groups.contains(&operators));
        match self.role_without_lookup(uid, Gid::from_raw(u32::MAX)) {
            Some(role) => role,
            None if is_operator => Role::Operator,
            None => Role::Reader,
        }
    }
}

/// The group that a socket is given to. One that does not exist is warned of, and has no members.
pub(super) fn group_of(name: &str, socket: &Path) -> Option<Gid> {
    let why = match Group::from_name(name) {
        Ok(Some(found)) => return Some(found.gid),
        Ok(None) => format!("there is no group {name}"),
        Err(error) => format!("looking up group {name}: {error}"),
    };
    let socket = socket.display();
    tracing::warn!(logger = "control", "{why}: only root and the user of the daemon may use {socket}");
    None
}

/// All groups of a user; none if the database does not know the user, or does not answer.
fn groups(uid: Uid, gid: Gid) -> Vec<Gid> {
    let found = User::from_uid(uid).and_then(|user| {
        let Some(name) = user.and_then(|user| CString::new(user.name).ok()) else { return Ok(Vec::new()) };
        getgrouplist(&name, gid)
    });
    found.unwrap_or_else(|error| {
        tracing::warn!(logger = "control", "looking up the groups of uid {uid}: {error}");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_come_from_the_user_and_its_groups() {
        let gate = Rules { own: Uid::from_raw(900), operators: Some(Gid::from_raw(50)) };
        let without_group = Rules { operators: None, ..gate };
        let role = |gate: Rules, uid: u32, gid: u32, more: &[u32]| {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            let more: Vec<Gid> = more.iter().copied().map(Gid::from_raw).collect();
            gate.role_without_lookup(uid, gid).unwrap_or_else(|| gate.role_by_groups(uid, &more))
        };
        assert_eq!(role(gate, 0, 0, &[]), Role::Admin, "root");
        assert_eq!(role(gate, 900, 900, &[]), Role::Admin, "the daemon's own user");
        assert_eq!(role(gate, 1000, 50, &[]), Role::Operator, "by the primary group");
        assert_eq!(role(gate, 1000, 1000, &[1000, 50]), Role::Operator, "by another group");
        assert_eq!(role(gate, 1000, 1000, &[1000, 51]), Role::Reader);
        assert_eq!(role(gate, 50, 900, &[900]), Role::Reader, "a user's number is no group's");
        assert_eq!(role(without_group, 1000, 50, &[50]), Role::Reader, "nobody is an operator");
        assert!(Role::Reader < Role::Operator && Role::Operator < Role::Admin);
    }

    #[test]
    fn groups_are_taken_from_the_user_database() {
        let root = groups(Uid::from_raw(0), Gid::from_raw(0));
        assert!(root.contains(&Gid::from_raw(0)), "{root:?}");
        assert!(groups(Uid::from_raw(u32::MAX - 7), Gid::from_raw(7)).is_empty(), "nobody has this number");
    }
}
