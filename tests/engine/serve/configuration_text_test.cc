// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/configuration_text.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(ConfigurationTextTest, WhatHoldsNoSecretStaysAsItIs) {
  const char kText[] =
      "sources:\n  - file: {paths: [/var/log/*.INFO], labels: {job: anka}}\n"
      "sinks:\n  - alertmanager:\n      urls: [http://127.0.0.1:9093]\n"
      "      basic_auth: {username: me, password_file: /run/secrets/am}\n";
  EXPECT_EQ(WithoutSecrets(kText), kText);
}

TEST(ConfigurationTextTest, ValuesOfSecretKeysAreReplaced) {
  EXPECT_EQ(WithoutSecrets("a:\n  password: hunter2\n  b: c\n"),
            "a:\n  password: <secret>\n  b: c\n");
  EXPECT_EQ(WithoutSecrets("basic_auth: {username: me, password: \"hun,ter}2\", x: y}"),
            "basic_auth: {username: me, password: <secret>, x: y}");
  EXPECT_EQ(WithoutSecrets("authorization: {credentials: 'a''b', type: Bearer}"),
            "authorization: {credentials: <secret>, type: Bearer}");
  EXPECT_EQ(WithoutSecrets("\"api_key\": abc # old\n"), "\"api_key\": <secret>\n");
}

TEST(ConfigurationTextTest, ValuesOfSeveralLinesAreReplacedWhole) {
  EXPECT_EQ(WithoutSecrets("a:\n  password: |\n    hunter2\n\n    more\n  b: c\n"),
            "a:\n  password: <secret>\n    <secret>\n\n    <secret>\n  b: c\n");
  EXPECT_EQ(WithoutSecrets("password:\n  hunter2\nb: c"), "password:\n  <secret>\nb: c");
}

TEST(ConfigurationTextTest, PasswordsInUrlsAreReplaced) {
  EXPECT_EQ(WithoutSecrets("url: http://me:hunter2@host/a@b, then https://x"),
            "url: http://<secret>@host/a@b, then https://x");
}

}  // namespace
}  // namespace tallybell
