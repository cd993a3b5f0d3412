//! Who could have written a file, or put it where it lies.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Group, Uid, User, geteuid};

use crate::host::refusal::{Problem, Step};

/// As many links in a row as the kernel follows.
const LINKS_MAX: usize = 40;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// Owner, group and mode of a file, as they were when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) struct Ownership {
    pub(in crate::host) user: u32,
    pub(in crate::host) group: u32,
    pub(in crate::host) mode: u32,
}

impl Ownership {
    pub(in crate::host) fn of(meta: &Metadata) -> Self {
        Self { user: meta.uid(), group: meta.gid(), mode: meta.mode() }
    }

    /// As `ls -l` shows it: `-rw-rw-rw- mode 666, owner root, group root`.
    fn text(self) -> String {
        let kind = match self.mode & 0o170_000 {
            0o040_000 => 'd',
            0o120_000 => 'l',
            _ => '-',
        };
        let bits: String = (0..9)
            .rev()
            .map(|bit| {
                let is_set = self.mode & (1 << bit) != 0;
                match (is_set, bit) {
                    (true, 0) if self.mode & STICKY != 0 => 't',
                    (true, bit) => ['x', 'w', 'r'][bit % 3],
                    (false, _) => '-',
                }
            })
            .collect();
        format!(
            "{kind}{bits} mode {:o}, owner {}, group {}",
            self.mode & 0o7777,
            user_name(self.user),
            group_name(self.group)
        )
    }
}

/// The file and, if it is a link, where it leads, link by link.
pub(super) fn paths_of(file: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut paths = vec![file.to_owned()];
    let mut at = file.to_owned();
    // a path that is no link, or that is gone by now, ends the walk: what was opened was judged by its descriptor
    while let Ok(target) = fs::read_link(&at) {
        at = directory_of(&at).join(target);
        if paths.len() > LINKS_MAX {
            return Err(Problem::new(
                Step::Trust,
                format!("more than {LINKS_MAX} links in a row"),
                "a path that leads to a file",
            ));
        }
        paths.push(at.clone());
    }
    Ok(paths)
}

/// Who may write.
pub(super) struct Writers<'a> {
    /// The user of this process; root may write besides.
    user: u32,
    groups: &'a [u32],
}

impl<'a> Writers<'a> {
    pub(super) fn new(groups: &'a [u32]) -> Self {
        Self { user: geteuid().as_raw(), groups }
    }

    /// Judges the file as it was read, and each directory on the way to it; tells all that is wrong.
    pub(super) fn check(&self, paths: &[PathBuf], file: Ownership) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        if let Some(path) = paths.last() {
            wrong.extend(self.wrong_with(path, file));
        }
        let mut judged = Vec::new();
        for path in paths {
            let directory = directory_of(path);
            if judged.contains(&directory) {
                continue;
            }
            wrong.extend(self.directory(directory, path)?);
            judged.push(directory);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let (found, accepted): (Vec<_>, Vec<_>) = wrong.into_iter().unzip();
        Err(Problem::new(Step::Trust, found.join("; "), accepted.join("; ")))
    }

    fn directory(&self, directory: &Path, entry: &Path) -> Result<Option<(String, String)>, Problem> {
        let problem = |e: io::Error| {
            Problem::new(Step::Trust, format!("{}: {e}", directory.display()), "a directory that can be read")
        };
        let found = Ownership::of(&fs::metadata(directory).map_err(problem)?);
        // in a sticky directory only the owner of an entry can replace it
        let is_sticky = found.mode & STICKY != 0
            && fs::symlink_metadata(entry).is_ok_and(|meta| self.is_trusted(meta.uid()));
        let judged = if is_sticky {
            Ownership { mode: found.mode & !(OTHERS_WRITE | GROUP_WRITE), ..found }
        } else {
            found
        };
        Ok(self.wrong_with(directory, judged).map(|_| self.told(directory, found)))
    }

    fn wrong_with(&self, path: &Path, found: Ownership) -> Option<(String, String)> {
        let is_good = self.is_trusted(found.user)
            && found.mode & OTHERS_WRITE == 0
            && (found.mode & GROUP_WRITE == 0 || self.is_trusted_group(found.group));
        (!is_good).then(|| self.told(path, found))
    }

    /// What was found, and the command that mends it.
    fn told(&self, path: &Path, found: Ownership) -> (String, String) {
        let mut who = Vec::new();
        let mut commands = Vec::new();
        let shown = path.display();
        if !self.is_trusted(found.user) {
            who.push(format!("its owner {}", user_name(found.user)));
            commands.push(format!("chown {} {shown}", user_name(self.user)));
        }
        let mut bits = String::new();
        if found.mode & GROUP_WRITE != 0 && !self.is_trusted_group(found.group) {
            who.push(format!("the group {}", group_name(found.group)));
            bits.push('g');
        }
        if found.mode & OTHERS_WRITE != 0 {
            who.push("everybody".to_owned());
            bits.push('o');
        }
        if !bits.is_empty() {
            commands.push(format!("chmod {bits}-w {shown}"));
        }
        let allowed = if self.user == 0 { String::new() } else { format!(" and {}", user_name(self.user)) };
        (
            format!(
                "{shown} ({}) can be written by {}, not only by root{allowed}",
                found.text(),
                who.join(" and ")
            ),
            format!("`{}`", commands.join("; ")),
        )
    }

    fn is_trusted(&self, user: u32) -> bool {
        user == 0 || user == self.user
    }

    /// A configured group, or one that is nobody's but root's or the user's own: many systems make new files writable
    /// for the group because each user has a group alone.
    fn is_trusted_group(&self, group: u32) -> bool {
        self.groups.contains(&group)
            || Group::from_gid(Gid::from_raw(group)).ok().flatten().is_some_and(|found| {
                let trusted = [0, self.user].map(user_name);
                trusted.contains(&found.name) && found.mem.iter().all(|member| trusted.contains(member))
            })
    }
}

/// The directory of a path; that of a bare name is the current one.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn user_name(user: u32) -> String {
    let found = User::from_uid(Uid::from_raw(user)).ok().flatten();
    found.map_or_else(|| user.to_string(), |user| user.name)
}

fn group_name(group: u32) -> String {
    let found = Group::from_gid(Gid::from_raw(group)).ok().flatten();
    found.map_or_else(|| group.to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use expect_test::{Expect, expect};

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            for name in ["a/x.so", "b/y.so"] {
                let path = place.path(name);
                fs::create_dir(path.parent().unwrap()).unwrap();
                place.mode(name.split_at(1).0, 0o755);
                fs::write(&path, "").unwrap();
                place.mode(name, 0o644);
            }
            place
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn mode(&self, name: &str, mode: u32) {
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn judge(&self, name: &str, groups: &[u32]) -> String {
            let path = self.path(name);
            let file = Ownership::of(&fs::metadata(&path).unwrap());
            match Writers::new(groups).check(&paths_of(&path).unwrap(), file) {
                Ok(()) => "good".to_owned(),
                Err(problem) => format!("{} (accepted: {})", problem.found, problem.accepted)
                    .replace(&format!("{}/", self.0.path().display()), "")
                    .replace(&format!(" and {}", user_name(geteuid().as_raw())), "")
                    .replace(&user_name(geteuid().as_raw()), "ME")
                    .replace(&group_name(nix::unistd::getegid().as_raw()), "MINE"),
            }
        }

        fn check(&self, name: &str, expected: Expect) {
            expected.assert_eq(&self.judge(name, &[]));
        }
    }

    #[test]
    fn what_only_the_user_can_write_is_good() {
        assert_eq!(Place::new().judge("a/x.so", &[]), "good");
    }

    #[test]
    fn a_file_or_directory_that_everybody_can_write_is_refused() {
        let place = Place::new();
        place.mode("a/x.so", 0o666);
        let told = place.judge("a/x.so", &[nix::unistd::getegid().as_raw()]);
        assert!(told.contains("-rw-rw-rw- mode 666"), "{told}");
        assert!(told.contains("everybody") && told.ends_with("(accepted: `chmod o-w a/x.so`)"), "{told}");
        place.mode("a/x.so", 0o644);
        place.mode("a", 0o757);
        let told = place.judge("a/x.so", &[]);
        assert!(told.contains("drwxr-xrwx mode 757") && told.ends_with("`chmod o-w a`)"), "{told}");
    }

    #[test]
    fn in_a_sticky_directory_the_owner_counts() {
        let place = Place::new();
        place.mode("a", 0o1777);
        assert_eq!(place.judge("a/x.so", &[]), "good");
    }

    #[test]
    fn every_directory_that_a_link_leads_through_counts() {
        let place = Place::new();
        symlink("../b/y.so", place.path("a/link.so")).unwrap();
        symlink("link.so", place.path("a/first.so")).unwrap();
        assert_eq!(place.judge("a/first.so", &[]), "good");
        place.mode("b", 0o707);
        assert!(place.judge("a/first.so", &[]).starts_with("a/../b (drwx---rwx mode 707"));
        place.mode("b", 0o755);
        place.mode("a", 0o707);
        assert!(place.judge("a/first.so", &[]).starts_with("a (drwx---rwx mode 707"));
        symlink("loop.so", place.path("b/loop.so")).unwrap();
        assert!(paths_of(&place.path("b/loop.so")).is_err());
    }

    /// Only root can give files away; as another user this test sees nothing but its own.
    #[test]
    fn other_owners_and_groups_are_refused() {
        const NOBODY: u32 = 65_534;
        const GROUP: u32 = 4_711;
        let place = Place::new();
        if !geteuid().is_root() {
            return;
        }
        chown(place.path("a/x.so"), Some(NOBODY), None).unwrap();
        place.check("a/x.so", expect!["a/x.so (-rw-r--r-- mode 644, owner nobody, group ME) can be written by its owner nobody, not only by ME (accepted: `chown ME a/x.so`)"]);
        chown(place.path("a/x.so"), Some(0), Some(GROUP)).unwrap();
        assert_eq!(place.judge("a/x.so", &[]), "good", "a group that cannot write does not matter");
        place.mode("a/x.so", 0o664);
        place.check("a/x.so", expect!["a/x.so (-rw-rw-r-- mode 664, owner ME, group 4711) can be written by the group 4711, not only by ME (accepted: `chmod g-w a/x.so`)"]);
        assert_eq!(place.judge("a/x.so", &[GROUP]), "good");
        chown(place.path("a"), Some(NOBODY), None).unwrap();
        place.mode("a", 0o1777);
        assert!(place.judge("a/x.so", &[GROUP]).contains("its owner"));
    }
}
