"""The list. An entry that ends with * takes any ending; an entry of several words takes any space between them."""

WORDS = [
    "crap*",
    "damn*",
    "dumb",
    "dumbass*",
    "garbage human",
    "hate you",
    "idiot*",
    "imbecile*",
    "moron*",
    "pathetic",
    "screw you",
    "shut up",
    "stupid*",
    "worthless",
]
