//! Creating the Unix socket.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The file of a socket that this process has created. It is removed when the value is dropped, unless another process has replaced it.
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode)) {
            // A socket that stays is replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a socket of mode 0600. The socket of a process that has ended is replaced; one that answers, and a file of another kind, is an
/// error.
pub fn bind(path: &Path) -> Result<(UnixListener, SocketFile), String> {
    free(path)?;
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::InvalidInput => format!("{}: the path of a socket has at most about 90 bytes; set admin.socket", path.display()),
        _ => format!("{}: {error}; set admin.socket to a file that this user may create", path.display()),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    // The socket is created in a folder that only this user can enter, and moved once its mode is 0600. So nobody else can connect in between;
    // umask would do the same, but it is the whole process's.
    let private = folder.join(format!(".{}", std::process::id()));
    let _ = fs::remove_dir_all(&private);
    DirBuilder::new().mode(0o700).create(&private).map_err(failed)?;
    let made = create(&private.join("s"), path);
    let _ = fs::remove_dir_all(&private);
    made.map_err(failed)
}

fn create(private: &Path, path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let listener = UnixListener::bind(private)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(private, Permissions::from_mode(0o600))?;
    let made = fs::symlink_metadata(private)?;
    fs::rename(private, path)?;
    Ok((listener, SocketFile { path: path.to_owned(), device: made.dev(), inode: made.ino() }))
}

/// Fails unless a socket may be created here.
fn free(path: &Path) -> Result<(), String> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if !found.file_type().is_socket() {
        return Err(format!("{} is no socket; remove the file, or set admin.socket to another one", path.display()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Ok(_) => Err(format!("a gateway answers at {} already; stop it, or set admin.socket to another file", path.display())),
        Err(error) => Err(format!("{}: {error}; set admin.socket to another file", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_its_user_only_and_goes_with_its_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run/admin.sock");
        let (listener, file) = bind(&path).expect("a socket");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("run")).expect("a folder").count(), 1, "nothing else is left");
        let error = bind(&path).err().unwrap_or_default();
        assert!(error.contains("answers at") && error.contains("admin.sock"), "{error}");
        drop((listener, file));
        assert!(!path.exists());
    }

    #[test]
    fn the_socket_of_a_dead_process_is_replaced_and_the_new_one_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.sock");
        let (listener, old) = bind(&path).expect("a socket");
        drop(listener);
        let (_listener, _file) = bind(&path).expect("replaced");
        drop(old);
        assert!(UnixStream::connect(&path).is_ok(), "the new socket is still there");
    }

    #[test]
    fn a_file_that_is_no_socket_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.sock");
        fs::write(&path, "notes").expect("written");
        assert!(bind(&path).err().unwrap_or_default().contains("is no socket"));
        assert_eq!(fs::read(&path).expect("there"), b"notes");
        let long = folder.path().join("x".repeat(200)).join("s");
        assert!(bind(&long).err().unwrap_or_default().contains("at most"));
    }
}
