// SPDX-License-Identifier: Apache-2.0
//
// Which media type a body really has, as a browser would find out from its first bytes (the WHATWG
// MIME Sniffing standard, "determining the computed MIME type of a resource"). What a browser
// takes for a script or a page must not pass as a picture, so rules see what browsers see.
//
// Beyond the standard: a body without a usable declared type may also turn out to be a font, and
// "Rar!" counts as RAR beside the standard's spelling. Every image, audio and video type is taken
// to be one that the client supports.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::filters {

// No answer needs more of the body than this (two headers of MPEG audio a longest frame apart).
constexpr std::size_t kSniffBytes = 1445;

// The "type/subtype" of a Content-Type, in the letters it came in: up to where browsers stop
// reading it, at a space, a semicolon or a parenthesis.
std::string_view bare_type(std::string_view content_type);

// The computed media type. `declared` is the value of Content-Type as received, or only its
// "type/subtype"; empty: none. `nosniff`: X-Content-Type-Options says so. The result views either
// a constant or the "type/subtype" inside `declared`, in the letters it came in.
std::string_view sniff(std::string_view first_bytes, std::string_view declared, bool nosniff);

// What the first bytes show a body to be, whatever it is declared to be; empty where they are no
// sign of any type. Whoever saves the body under another name gets this.
std::string_view shown_type(std::string_view first_bytes);

// True for types of which many others are made (a document of zipped XML, a picture in XML): their
// signs do not gainsay another declared type.
bool is_wrapping(std::string_view shown);

}  // namespace weir::filters
