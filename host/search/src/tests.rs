mod documentation;
mod language;
mod problems;
mod random;
