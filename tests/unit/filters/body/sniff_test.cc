// SPDX-License-Identifier: Apache-2.0
//
// Media types computed from first bytes: each signature, each near miss, and when the declared
// type stands.
#include "filters/body/sniff.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::filters {
namespace {

using namespace std::string_literals;

struct Row {
  std::string body;
  std::string type;
};

const std::vector<Row> kUndeclared = {
    {"", "text/plain"},
    {"hello", "text/plain"},
    {"hello\x1b[1m\t\n\f\r", "text/plain"},
    {"\0"s, "application/octet-stream"},
    {"hello\x0b", "application/octet-stream"},
    {"hello\x1c", "application/octet-stream"},
    // Pages and scripts.
    {"<!DOCTYPE HTML>", "text/html"},
    {"\t\n\f\r <!doctype html>", "text/html"},
    {"<!DOCTYPE HTML", "text/plain"},
    {"<html ", "text/html"},
    {"<HEAD>", "text/html"},
    {"<script>", "text/html"},
    {"<scripts>", "text/plain"},
    {"<script\t>", "text/plain"},
    {"<iframe src", "text/html"},
    {"<h1>", "text/html"},
    {"<div>", "text/html"},
    {"<font>", "text/html"},
    {"<table>", "text/html"},
    {"<a href", "text/html"},
    {"<style>", "text/html"},
    {"<title>", "text/html"},
    {"<b>", "text/html"},
    {"<body>", "text/html"},
    {"<br>", "text/html"},
    {"<p>", "text/html"},
    {"<!-- ", "text/html"},
    {"<!--x", "text/plain"},
    {"<img>", "text/plain"},
    {"x<html>", "text/plain"},
    {" <?xml", "text/xml"},
    {"<?XML", "text/plain"},
    {"%PDF-1.4", "application/pdf"},
    {" %PDF-1.4", "text/plain"},
    {"%!PS-Adobe-3.0", "application/postscript"},
    // Marks of Unicode.
    {"\xfe\xff\0a"s, "text/plain"},
    {"\xff\xfe\0a"s, "text/plain"},
    {"\xef\xbb\xbf\0"s, "text/plain"},
    {"\xef\xbb\xbf", "text/plain"},
    {"\xfe\xff\0"s, "application/octet-stream"},
    // Images.
    {"\0\0\1\0"s, "image/x-icon"},
    {"\0\0\2\0"s, "image/x-icon"},
    {"\0\0\3\0"s, "application/octet-stream"},
    {"BM", "image/bmp"},
    {"GIF87a", "image/gif"},
    {"GIF89a", "image/gif"},
    {"GIF88a", "text/plain"},
    {"RIFF\1\2\3\4WEBPVP8 ", "image/webp"},
    {"\x89PNG\r\n\x1a\n", "image/png"},
    {"\x89PNG\r\n\x1a", "application/octet-stream"},
    {"\xff\xd8\xff", "image/jpeg"},
    // Sound and pictures in motion.
    {"FORM\1\2\3\4AIFF", "audio/aiff"},
    {"ID3", "audio/mpeg"},
    {"OggS\0"s, "application/ogg"},
    {"MThd\0\0\0\6"s, "audio/midi"},
    {"RIFF\1\2\3\4AVI ", "video/avi"},
    {"RIFF\1\2\3\4WAVE", "audio/wave"},
    {"\0\0\0\x14"s + "ftypmp42\0\0\0\0isom"s, "video/mp4"},
    {"\0\0\0\x18"s + "ftypisom\0\0\0\0isommp41"s, "video/mp4"},
    {"\0\0\0\x14"s + "ftypisom\0\0mp4ziso"s, "application/octet-stream"},   // not in the version
    {"\0\0\0\x18"s + "ftypmp42\0\0\0\0isom"s, "application/octet-stream"},  // the box goes on
    {"\0\0\0\x13"s + "ftypmp42\0\0\0\0isom"s, "application/octet-stream"},
    {"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\x82\x84webm\x42"s, "video/webm"},
    {"\x1a\x45\xdf\xa3\x42\x82\x40\4\0\0webm!"s, "video/webm"},
    {"\x1a\x45\xdf\xa3\x42\x82\x88matroska"s, "application/octet-stream"},
    {"\x1a\x45\xdf\xa3\x42\x82"s, "application/octet-stream"},
    {"\x1a\x45\xdf\xa3\x42\x82\0"s, "application/octet-stream"},
    // Two frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes apart, 418 with padding.
    {"\xff\xfb\x90\x40"s + std::string(413, '\0') + "\xff\xfb\x90\x40"s, "audio/mpeg"},
    {"\xff\xfb\x92\x40"s + std::string(414, '\0') + "\xff\xfb\x90\x40"s, "audio/mpeg"},
    {"\xff\xfb\x90\x40"s + std::string(414, '\0') + "\xff\xfb\x90\x40"s,
     "application/octet-stream"},
    {"\xff\xfb\x90\x40"s + std::string(413, '\0') + "\xff\xfb\x90"s, "application/octet-stream"},
    // MPEG 2 at 64 kbit/s, 22.05 kHz: 208 bytes.
    {"\xff\xf3\x80\xc0"s + std::string(204, '\0') + "\xff\xf3\x80\xc0"s, "audio/mpeg"},
    // Layer II is not what the rule looks for.
    {"\xff\xfd\x90\x40"s + std::string(413, '\0') + "\xff\xfd\x90\x40"s,
     "application/octet-stream"},
    // Archives and fonts.
    {"\x1f\x8b\x08", "application/x-gzip"},
    {"PK\3\4", "application/zip"},
    {"Rar \x1a\7\0"s, "application/x-rar-compressed"},
    {"Rar!\x1a\7\0"s, "application/x-rar-compressed"},
    {"\0\1\0\0"s, "font/ttf"},
    {"OTTO", "font/otf"},
    {"ttcf", "font/collection"},
    {"wOFF", "font/woff"},
    {"wOF2", "font/woff2"},
    {std::string(34, '\1') + "LP", "application/vnd.ms-fontobject"},
};

TEST(Sniff, KnowsABodyThatNobodyDeclared) {
  for (const auto* declared : {"", "unknown/unknown", "application/unknown", "*/*", "nonsense"}) {
    for (const Row& row : kUndeclared) {
      EXPECT_EQ(sniff(row.body, declared, false), row.type) << row.body;
    }
  }
}

TEST(Sniff, TakesNothingForAScriptWhenToldNotToSniff) {
  EXPECT_EQ(sniff("<html>", "", true), "text/plain");
  EXPECT_EQ(sniff("%PDF-", "", true), "text/plain");
  EXPECT_EQ(sniff("GIF89a", "", true), "image/gif");
  EXPECT_EQ(sniff("GIF89a", "image/png", true), "image/png");
  EXPECT_EQ(sniff("\1", "text/plain", true), "text/plain");
}

struct Declared {
  std::string body;
  std::string declared;
  std::string type;
};

const std::vector<Declared> kDeclared = {
    {"<html>", "image/png", "image/png"},
    {"GIF89a", "image/png; x=y", "image/gif"},
    {"GIF89a", "text/css", "text/css"},
    {"GIF89a", "IMAGE/PNG ", "image/gif"},
    {"GIF89a", "video/mp4", "video/mp4"},
    {"ID3", "video/mp4", "audio/mpeg"},
    {"ID3", "application/ogg", "audio/mpeg"},
    {"wOF2", "font/woff", "font/woff2"},
    {"wOF2", "application/font-woff", "font/woff2"},
    {"GIF89a", "image/svg+xml", "image/svg+xml"},
    {"<html>", "application/xml", "application/xml"},
    {"<html>", "Text/XML", "Text/XML"},
    // The values that servers send without thought; others stand.
    {"MZ\x90\0"s, "text/plain", "application/octet-stream"},
    {"MZ\x90\0"s, "text/plain; charset=UTF-8", "application/octet-stream"},
    {"MZ\x90\0"s, "text/plain; charset=utf-8", "text/plain"},
    {"\xff\xfe\0"s, "text/plain", "text/plain"},
    {"<html>", "text/plain", "text/plain"},
    // Feeds.
    {"<html>", "text/html", "text/html"},
    {"plain", "text/html; charset=x", "text/html"},
    {"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- > --><!DOCTYPE x><rss>", "text/html",
     "application/rss+xml"},
    {"<feed>", "text/html", "application/atom+xml"},
    {"<rdf:RDF xmlns='http://purl.org/rss/1.0/' "
     "xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>",
     "text/html", "application/rss+xml"},
    {"<rdf:RDF xmlns='http://purl.org/rss/1.0/'>", "text/html", "text/html"},
    {"<!-- <rss>", "text/html", "text/html"},
    {"<!-->x--><rss>", "text/html", "application/rss+xml"},
    {"x<rss>", "text/html", "text/html"},
};

TEST(Sniff, CorrectsADeclaredTypeOnlyWithinItsKind) {
  for (const Declared& row : kDeclared) {
    EXPECT_EQ(sniff(row.body, row.declared, false), row.type) << row.declared << ": " << row.body;
  }
}

TEST(Sniff, LooksAtNoMoreThanItsFirstBytes) {
  const std::string text(kSniffBytes, 'x');
  EXPECT_EQ(sniff(text + '\0', "", false), "text/plain");
  EXPECT_EQ(sniff(text.substr(1) + '\0', "", false), "application/octet-stream");
}

}  // namespace
}  // namespace weir::filters
