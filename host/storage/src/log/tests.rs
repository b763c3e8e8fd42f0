use std::path::Path;

use super::*;
use crate::files::Disk;

const SEGMENT_BYTES: u64 = 4096;

fn reopened(folder: &Path) -> Result<Opened, StoreError> {
    open(Arc::new(Disk), folder, SEGMENT_BYTES)
}

fn payload(number: u64) -> Vec<u8> {
    vec![number as u8; (number * 37 % 300) as usize]
}

/// Appends groups of two frames until there have been `frames`.
fn fill(opened: &mut Opened, frames: u64) {
    for number in (opened.appender.next()..=frames).step_by(2) {
        opened.appender.append(&[(1, payload(number)), (2, payload(number + 1))]).expect("written");
    }
}

fn check_holds(opened: &Opened, frames: u64) {
    let (start, mut expected) = opened.log.start();
    let replayed = opened.log.replay(start, expected, opened.appender.end(), |address, frame| {
        assert_eq!((frame.sequence, frame.payload), (expected, &payload(expected)[..]));
        assert_eq!(opened.log.read(address).expect("it is there").payload, payload(expected));
        expected += 1;
        Ok(())
    });
    replayed.expect("it is whole");
    assert_eq!(expected, frames + 1);
}

fn file(folder: &Path, number: u64) -> std::path::PathBuf {
    segment::path(folder, number)
}

fn bytes(folder: &Path, number: u64) -> Vec<u8> {
    std::fs::read(file(folder, number)).expect("a segment")
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let home = tempfile::tempdir().expect("a folder");
    for frames in [2, 100, 200] {
        let mut opened = reopened(home.path()).expect("it opens");
        fill(&mut opened, frames);
        check_holds(&opened, frames);
    }
    assert!(reopened(home.path()).expect("it opens").log.numbers().len() > 3);
    check_holds(&reopened(home.path()).expect("it opens"), 200);
}

#[test]
fn an_unfinished_group_is_cut_off_wherever_it_ends() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 4);
    let acknowledged = opened.appender.end().offset as usize;
    fill(&mut opened, 6);
    let whole = bytes(home.path(), 1);
    for length in acknowledged..whole.len() {
        std::fs::write(file(home.path(), 1), &whole[..length]).expect("written");
        let mut opened = reopened(home.path()).expect("it opens");
        assert!(opened.appender.next() >= 5);
        check_holds(&opened, opened.appender.next() - 1);
        opened.appender.append(&[(1, payload(opened.appender.next()))]).expect("it goes on");
        check_holds(&reopened(home.path()).expect("it opens"), opened.appender.next() - 1);
    }
}

#[test]
fn a_group_of_which_only_the_end_was_written_is_cut_off() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 4);
    let acknowledged = opened.appender.end().offset as usize;
    fill(&mut opened, 6);
    let mut bytes = bytes(home.path(), 1);
    bytes[acknowledged..acknowledged + 8].fill(0);
    std::fs::write(file(home.path(), 1), &bytes).expect("written");
    check_holds(&reopened(home.path()).expect("it opens"), 4);
}

#[test]
fn damage_before_a_later_group_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 8);
    let whole = bytes(home.path(), 1);
    let (start, _) = opened.log.start();
    let mut offsets = Vec::new();
    let end = opened.appender.end();
    let replayed = opened.log.replay(start, 1, end, |address, _| {
        offsets.push(address.position.offset as usize);
        Ok(())
    });
    replayed.expect("whole");
    for at in segment::HEAD as usize..offsets[6] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(file(home.path(), 1), &bytes).expect("written");
        let Err(StoreError::Damaged { what }) = reopened(home.path()) else { panic!("byte {at} went unseen") };
        assert!(what.contains("0000000000000001.seg"), "{what}");
    }
}

#[test]
fn a_log_that_lost_what_a_checkpoint_speaks_of_is_damaged() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 60);
    opened.appender.checkpoint(opened.appender.next()).expect("written");
    let last = opened.appender.end().segment;
    assert!(last > 1);
    for number in [1, last] {
        let whole = bytes(home.path(), number);
        std::fs::write(file(home.path(), number), &whole[..whole.len() - 8]).expect("cut");
        assert!(matches!(reopened(home.path()), Err(StoreError::Damaged { .. })), "cut {number}");
        std::fs::remove_file(file(home.path(), number)).expect("removed");
        assert!(matches!(reopened(home.path()), Err(StoreError::Damaged { .. })), "removed {number}");
        std::fs::write(file(home.path(), number), &whole).expect("mended");
    }
    let (first, second) = (bytes(home.path(), 1), bytes(home.path(), 2));
    std::fs::write(file(home.path(), 1), second).expect("swapped");
    std::fs::write(file(home.path(), 2), first).expect("swapped");
    assert!(matches!(reopened(home.path()), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_log_without_its_checkpoint_is_whole() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 60);
    std::fs::write(home.path().join("CHECKPOINT"), "{}").expect("broken");
    let opened = reopened(home.path()).expect("it opens");
    assert_eq!(opened.viewed, None);
    check_holds(&opened, 60);
    std::fs::remove_file(home.path().join("CHECKPOINT")).expect("removed");
    check_holds(&reopened(home.path()).expect("it opens"), 60);
}

#[test]
fn removed_segments_stay_removed() {
    let home = tempfile::tempdir().expect("a folder");
    let mut opened = reopened(home.path()).expect("it opens");
    fill(&mut opened, 60);
    let leftover = bytes(home.path(), 1);
    opened.appender.remove(1).expect("removed");
    // As if the process had died just before.
    std::fs::write(file(home.path(), 1), leftover).expect("written");
    let opened = reopened(home.path()).expect("it opens");
    assert_eq!(opened.log.numbers()[0], 2);
    assert!(!file(home.path(), 1).exists());
}
