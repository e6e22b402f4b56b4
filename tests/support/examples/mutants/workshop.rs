//! A copy of the repository in which mutants are built and run.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use uis_test_support::root;

use super::judge::Result;
use super::operators::Mutation;

/// A mutant that prints nothing for this long does not end.
const SILENCE: Duration = Duration::from_secs(180);

/// Files of the plugin that no native replay runs.
const LEFT_OUT: [&str; 4] = ["bindings.rs", "component.rs", "fake.rs", "settings/tests.rs"];

/// The results of the original, by recording.
pub type Original = HashMap<String, Result>;

/// What came of a mutant.
pub enum Tried {
    NotCompiled {
        seconds: u64,
    },
    /// It loops, or a handler does.
    Endless {
        seconds: u64,
    },
    /// How many recordings differ plainly and how many are reported, until the first that both is the case for; that one's first difference
    /// by effect; and if there is none, the first plain difference.
    Ran {
        plain: usize,
        reported: usize,
        first: Option<String>,
        example: Option<String>,
        seconds: u64,
    },
}

impl Tried {
    pub fn seconds(&self) -> u64 {
        let (Tried::NotCompiled { seconds } | Tried::Endless { seconds } | Tried::Ran { seconds, .. }) = self;
        *seconds
    }
}

/// The copy.
pub struct Workshop {
    folder: PathBuf,
    /// The copy's recordings, in the order in which they are replayed.
    pub recordings: Vec<PathBuf>,
}

/// The files in a folder and the folders within that have this extension, in order.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|own| own == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl Workshop {
    /// Copies the repository's files into a folder. Its build folder is kept, so that a second run builds less.
    pub fn open(folder: &Path) -> Workshop {
        let tree = folder.join("tree");
        if tree.exists() {
            fs::remove_dir_all(&tree).expect("the old copy can be removed");
        }
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .expect("git lists the files");
        for name in String::from_utf8(listed.stdout).expect("UTF-8").split('\0').filter(|name| !name.is_empty()) {
            let (from, to) = (root().join(name), tree.join(name));
            if from.is_file() {
                fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
                fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            }
        }
        Workshop { folder: folder.to_owned(), recordings: files(&tree.join("tests/recordings"), "jsonl") }
    }

    fn source(&self, file: &str) -> PathBuf {
        self.folder.join("tree/plugin/src").join(file)
    }

    /// The plugin's sources: the path below `src`, and the text.
    pub fn plugin_sources(&self) -> Vec<(String, String)> {
        let top = self.source("");
        let named = files(&top, "rs").into_iter().map(|path| (path.strip_prefix(&top).expect("below src").display().to_string(), path));
        let kept = named.filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
        kept.map(|(name, path)| (name, fs::read_to_string(&path).expect("UTF-8"))).collect()
    }

    /// Builds the copy; the compiler's errors if it does not compile.
    fn build(&self) -> std::result::Result<(), String> {
        let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--locked", "-p", "uis-test-support", "--example", "mutants"])
            .current_dir(self.folder.join("tree"))
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "1")
            .stderr(Stdio::piped())
            .output()
            .expect("cargo runs");
        if built.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&built.stderr).into_owned()) }
    }

    fn start(&self) -> Child {
        Command::new(self.folder.join("target/debug/examples/mutants"))
            .arg("play")
            .args(&self.recordings)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs")
    }

    /// Builds and runs the original.
    pub fn original(&self) -> Original {
        self.build().unwrap_or_else(|errors| panic!("the original does not compile:\n{errors}"));
        let mut original = Original::new();
        let ended = self.play(|file, result| {
            assert!(result.ended(), "{file} cannot be replayed");
            original.insert(file, result);
            true
        });
        assert!(ended, "the original does not end");
        original
    }

    /// Runs the program that was built, and passes on each recording's result until `take` wants no more. Returns whether it ended.
    fn play(&self, mut take: impl FnMut(String, Result) -> bool) -> bool {
        let mut child = self.start();
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (send, receive) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(std::result::Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let ended = loop {
            match receive.recv_timeout(SILENCE) {
                Ok(line) => {
                    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                    let file = value["file"].as_str().unwrap_or_default().to_owned();
                    if !take(file, Result::read(value)) {
                        break true;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        drop(receive);
        let _ = reader.join();
        ended
    }

    /// Builds and runs a mutant, and puts the source back.
    pub fn try_out(&self, mutation: &Mutation, original: &Original) -> Tried {
        let began = Instant::now();
        let path = self.source(&mutation.file);
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut mutated = text.clone();
        mutated.replace_range(mutation.range.clone(), &mutation.by);
        fs::write(&path, mutated).expect("written");
        let tried =
            if self.build().is_ok() { self.judge(original, began) } else { Tried::NotCompiled { seconds: began.elapsed().as_secs() } };
        fs::write(&path, text).expect("written");
        tried
    }

    fn judge(&self, original: &Original, began: Instant) -> Tried {
        let (mut plain, mut reported, mut first, mut example, mut broke_off, mut seen) = (0, 0, None, None, false, 0);
        let ended = self.play(|file, result| {
            let known = &original[&file];
            seen += 1;
            if !result.ended() {
                broke_off = true;
                return false;
            }
            let plainly = known.plainly(&result);
            let by_effect = known.by_effect(&result);
            plain += usize::from(plainly.is_some());
            reported += usize::from(by_effect.is_some());
            let name = Path::new(&file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match (plainly, by_effect) {
                (Some(_), Some(difference)) => first = Some(format!("{name}: {difference}")),
                (Some(place), None) if example.is_none() => example = Some(format!("{name}{place}")),
                _ => {}
            }
            first.is_none()
        });
        let seconds = began.elapsed().as_secs();
        // A program that aborts, because its stack is full for example, prints no more.
        let complete = first.is_some() || seen == original.len();
        if !ended || broke_off || !complete { Tried::Endless { seconds } } else { Tried::Ran { plain, reported, first, example, seconds } }
    }
}
