// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/server_configuration.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"

namespace tallybell {

Credentials::Options ReadCredentials(ConfigurationFields* fields) {
  Credentials::Options credentials;
  if (const YamlNode* const node = fields->plain().Find("basic_auth")) {
    ConfigurationFields inner(fields->scope().Within("basic_auth"), *node, fields->directory());
    credentials.scheme = "Basic";
    credentials.user = inner.Text("username");
    credentials.secret = inner.Text("password");
    credentials.secret_file = inner.Path("password_file");
    inner.plain().Finish();
  }
  if (const YamlNode* const node = fields->plain().Find("authorization")) {
    const YamlScope scope = fields->scope().Within("authorization");
    if (!credentials.scheme.empty()) scope.Error(*node, "there is a basic_auth already");
    ConfigurationFields inner(scope, *node, fields->directory());
    credentials.scheme = inner.Text("type", "Bearer");
    credentials.secret = inner.Text("credentials");
    credentials.secret_file = inner.Path("credentials_file");
    inner.plain().Finish();
  }
  return credentials;
}

ListenConfig ReadListen(ConfigurationFields* fields) {
  ListenConfig config;
  config.listen = fields->Text("listen");
  config.insecure = fields->plain().Bool("insecure", false);
  config.credentials = ReadCredentials(fields);
  if (const YamlNode* const node = fields->plain().Find("tls")) {
    ConfigurationFields tls(fields->scope().Within("tls"), *node, fields->directory());
    config.cert_file = tls.Path("cert_file");
    config.key_file = tls.Path("key_file");
    if (config.cert_file.empty() || config.key_file.empty()) {
      tls.scope().Error(*node, "cert_file and key_file are both needed");
    }
    tls.plain().Finish();
  }
  const std::string& scheme = config.credentials.scheme;
  if (!scheme.empty() && scheme != "Basic" && scheme != "Bearer") {
    fields->scope().Error(fields->node(), absl::StrCat("clients cannot be asked for ", scheme),
                          "authorization: {type: Bearer, credentials_file: ...}");
  }
  return config;
}

ServerConfig ReadServer(ConfigurationFields* fields) {
  ServerConfig config;
  config.listener = ReadListen(fields);
  const std::vector<Url> urls = fields->Urls("external_url");
  if (!urls.empty()) config.external_url = urls[0].ToString();
  fields->plain().Finish();
  return config;
}

absl::StatusOr<HttpListener::Options> ListenerOptions(const ListenConfig& config,
                                                      const std::string& external_url) {
  HttpListener::Options options;
  options.listen = config.listen;
  options.cert_file = config.cert_file;
  options.key_file = config.key_file;
  options.insecure = config.insecure;
  if (!external_url.empty()) {
    ASSIGN_OR_RETURN(const Url url, ParseUrl(external_url));
    options.allowed_hosts.push_back(url.host);
  }
  const Credentials::Options& credentials = config.credentials;
  if (credentials.scheme.empty()) return options;
  std::string secret = credentials.secret;
  if (!credentials.secret_file.empty()) {
    ASSIGN_OR_RETURN(secret, ReadSecretFile(credentials.secret_file));
  }
  if (secret.empty())
    return absl::InvalidArgumentError("the secret that clients must have is empty");
  if (credentials.scheme == "Basic") {
    options.auth.users.emplace_back(credentials.user, std::move(secret));
  } else {
    options.auth.bearer_tokens.push_back(std::move(secret));
  }
  return options;
}

}  // namespace tallybell
