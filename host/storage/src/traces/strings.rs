//! Texts and lists that many traces have in common, each kept once and known by a number.
//!
//! Numbers are given as things come and mean something in this process only; what is written to disk has numbers of its own.
//! Nothing is taken out of them one by one: what traces still have is moved to new ones, now and then.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The number of a text; [`NONE`] where there is none.
pub(super) type TextId = u32;

/// The number of a list of texts.
pub(super) type ListId = u32;

/// The number that nothing has. The empty list has it, too.
pub(super) const NONE: u32 = 0;

/// Longer texts are kept by their beginning and their digest: one trace must not take the memory of a thousand.
const LONGEST: usize = 256;
const BEGINNING: usize = 200;

/// What a text begins with that was cut. One that begins so by itself is only looked up once more.
const CUT: char = '\0';

/// Things by number, numbers by thing.
#[derive(Debug)]
struct Numbered<T: ?Sized> {
    numbers: HashMap<Arc<T>, u32>,
    things: Vec<Arc<T>>,
}

impl<T: ?Sized + Hash + Eq> Numbered<T> {
    fn with(nothing: Arc<T>) -> Self {
        Self { numbers: HashMap::new(), things: vec![nothing] }
    }

    fn number<'a>(&mut self, thing: &'a T) -> u32
    where
        Arc<T>: Borrow<T> + From<&'a T>,
    {
        if let Some(&number) = self.numbers.get(thing) {
            return number;
        }
        let number = u32::try_from(self.things.len()).expect("memory ends before numbers do");
        let kept: Arc<T> = thing.into();
        self.things.push(Arc::clone(&kept));
        self.numbers.insert(kept, number);
        number
    }
}

/// All texts and lists of a store.
#[derive(Debug)]
pub(super) struct Strings {
    texts: Numbered<str>,
    lists: Numbered<[TextId]>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { texts: Numbered::with("".into()), lists: Numbered::with(Arc::new([])) }
    }
}

impl Strings {
    /// The number of a text that there are many of; a long one is kept by its beginning.
    pub(super) fn put(&mut self, text: &str) -> TextId {
        self.texts.number(&kept(text))
    }

    /// The number of a text that is told as it is.
    pub(super) fn put_whole(&mut self, text: &str) -> TextId {
        self.texts.number(text)
    }

    pub(super) fn put_some(&mut self, text: Option<&str>) -> TextId {
        text.map_or(NONE, |text| self.put(text))
    }

    pub(super) fn put_list(&mut self, list: &[TextId]) -> ListId {
        if list.is_empty() { NONE } else { self.lists.number(list) }
    }

    /// The number of a text, if any trace has had it.
    pub(super) fn find_whole(&self, text: &str) -> Option<TextId> {
        self.texts.numbers.get(text).copied()
    }

    /// Whether there may be more to a text than is kept.
    pub(super) fn is_cut(&self, id: TextId) -> bool {
        self.texts.things[id as usize].starts_with(CUT)
    }

    /// None for [`NONE`].
    pub(super) fn text(&self, id: TextId) -> Option<&str> {
        (id != NONE).then(|| &*self.texts.things[id as usize])
    }

    pub(super) fn list(&self, id: ListId) -> &[TextId] {
        &self.lists.things[id as usize]
    }

    /// How many texts and lists there are.
    pub(super) fn len(&self) -> usize {
        self.texts() + self.lists()
    }

    /// Numbers of texts are below this; `lists` likewise.
    pub(super) fn texts(&self) -> usize {
        self.texts.things.len()
    }

    pub(super) fn lists(&self) -> usize {
        self.lists.things.len()
    }
}

/// Texts and lists on their way to where there are no others.
pub(super) struct Moving {
    from: Strings,
    to: Strings,
    /// The new numbers, by old ones; [`NONE`] of what has not been moved.
    texts: Vec<TextId>,
    lists: Vec<ListId>,
}

impl Moving {
    pub(super) fn from(from: Strings) -> Self {
        let (texts, lists) = (vec![NONE; from.texts()], vec![NONE; from.lists()]);
        Self { from, to: Strings::default(), texts, lists }
    }

    /// The new number of a text; `list` likewise.
    pub(super) fn text(&mut self, id: TextId) -> TextId {
        if let (NONE, Some(text)) = (self.texts[id as usize], self.from.text(id)) {
            self.texts[id as usize] = self.to.put_whole(text);
        }
        self.texts[id as usize]
    }

    pub(super) fn list(&mut self, id: ListId) -> ListId {
        if self.lists[id as usize] == NONE {
            let list = self.from.list(id).to_vec();
            let list: Vec<TextId> = list.into_iter().map(|text| self.text(text)).collect();
            self.lists[id as usize] = self.to.put_list(&list);
        }
        self.lists[id as usize]
    }

    pub(super) fn moved(self) -> Strings {
        self.to
    }
}

/// A text as it is kept.
fn kept(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let beginning = &text[..text.floor_char_boundary(BEGINNING)];
    Cow::Owned(format!("{CUT}{beginning}… {}", &blake3::hash(text.as_bytes()).to_hex()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_number_and_no_text_has_none() {
        let mut strings = Strings::default();
        let (one, two) = (strings.put("one"), strings.put("two"));
        assert_eq!([strings.put("one"), strings.put("two")], [one, two]);
        assert_eq!(strings.text(two), Some("two"));
        assert_eq!(strings.put_some(None), NONE);
        assert_ne!(strings.put(""), NONE);
        assert_eq!(strings.text(NONE), None);
        assert_eq!([strings.find_whole("two"), strings.find_whole("three")], [Some(two), None]);
    }

    #[test]
    fn a_long_text_takes_little_and_is_told_from_others() {
        let mut strings = Strings::default();
        let (long, other) = ("ä".repeat(10_000), format!("{}x", "ä".repeat(10_000)));
        let id = strings.put(&long);
        assert!(strings.text(id).is_some_and(|text| text.len() <= LONGEST && text.contains("ää")));
        assert!(strings.is_cut(id));
        assert_eq!(strings.put(&long), id);
        assert_ne!(strings.put(&other), id);
    }

    #[test]
    fn what_is_moved_is_there_and_nothing_else() {
        let mut strings = Strings::default();
        let texts = ["gone", "one", "", "two"].map(|text| strings.put(text));
        let lists = [vec![texts[0]], vec![texts[3], NONE, texts[2]]].map(|list| strings.put_list(&list));
        let mut moving = Moving::from(strings);
        let (one, list) = (moving.text(texts[1]), moving.list(lists[1]));
        assert_eq!([moving.text(NONE), moving.list(NONE), moving.text(texts[1])], [NONE, NONE, one]);
        let strings = moving.moved();
        let texts: Vec<_> = strings.list(list).iter().map(|&text| strings.text(text)).collect();
        assert_eq!((strings.text(one), texts), (Some("one"), vec![Some("two"), None, Some("")]));
        assert_eq!(strings.find_whole("gone"), None);
        assert_eq!((strings.texts(), strings.lists()), (4, 2));
    }

    #[test]
    fn an_empty_list_is_none() {
        let mut strings = Strings::default();
        assert_eq!(strings.put_list(&[]), NONE);
        let list = strings.put_list(&[1, 2]);
        assert_eq!(strings.put_list(&[1, 2]), list);
        assert_eq!(strings.list(list), [1, 2]);
        assert!(strings.list(NONE).is_empty());
    }
}
