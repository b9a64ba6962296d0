//! Replays the corpus of the fuzz targets: what they have once found, and what is hard to find.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/targets.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are in another package and need it public")]
#[expect(clippy::expect_used, reason = "an invariant that does not hold shall panic")]
mod targets;

const MAX_FILES: usize = 400;
const MAX_BYTES: usize = 500_000;

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn what_the_fuzz_targets_have_seen_keeps_what_they_promise() {
    let (mut files, mut bytes) = (0, 0);
    for (name, target) in targets::TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for path in corpus {
            let input = fs::read(&path).unwrap();
            (files, bytes) = (files + 1, bytes + input.len());
            println!("{}", path.display());
            target(&input);
        }
    }
    assert!(files < MAX_FILES && bytes < MAX_BYTES, "the corpus has {files} files and {bytes} bytes: distil it");
}

#[test]
fn every_target_is_a_fuzz_target_and_every_corpus_has_a_target() {
    let mut names = targets::TARGETS.map(|(name, _)| name.to_owned()).to_vec();
    names.sort();
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in the manifest");
        let call = format!("targets::{name}(input)");
        let main = fs::read_to_string(fuzz.join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(main.contains(&call), "{name} runs another target");
    }
    let mut folders: Vec<_> =
        fs::read_dir(fuzz.join("corpus")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, names);
}
