// SPDX-License-Identifier: Apache-2.0
// Which known word somebody probably meant.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cw {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known`; empty if none is near enough to be worth a guess.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// `; did you mean "near"?` or, if nothing is near, `; <plural> are: a, b, c`.
std::string hint(std::string_view word, std::span<const std::string_view> known,
                 std::string_view plural);

/// In quotes, printable, not too long.
std::string in_quotes(std::string_view text);

}  // namespace cw
