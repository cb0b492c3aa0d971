#include "host/cli/matrix_output.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "host/cli/text_table.h"

namespace pointsman {
namespace {

using cluster::MatrixRow;
using cluster::MatrixRows;

constexpr char kStyle[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;max-width:90rem}"
    "table{border-collapse:collapse}th,td{border:1px solid #bbb;padding:.35rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#eef}"
    ".ok{background:#e3f4e3}.fail{background:#fbe3e0}"
    "summary{cursor:pointer}ul{margin:.3rem 0;padding-left:1.2rem}";

const char* OutcomeText(const AskedCell& asked) { return asked.cell.ok ? "ok" : "fail"; }

// What a row has in its first columns; what the row before has, too, is left out.
std::vector<std::string> Head(size_t row) {
  const MatrixRow& own = MatrixRows()[row];
  std::vector<std::string> head = {std::to_string(row + 1)};
  const MatrixRow* before = row == 0 ? nullptr : &MatrixRows()[row - 1];
  const bool same_service = before != nullptr && before->service == own.service;
  const bool same_client = same_service && before->client == own.client;
  head.emplace_back(same_service ? "" : ToString(own.service));
  head.emplace_back(same_client ? "" : ToString(own.client));
  head.emplace_back(ToString(own.target));
  head.emplace_back(ToString(own.address));
  return head;
}

std::vector<std::string> HeadNames() { return {"row", "Service", "client", "target", "address"}; }

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string RemedyText(const TriedRemedy& tried) {
  if (!tried.cell.ok) return fmt::format("{}: no ({})", ToString(tried.remedy), tried.cell.reason);
  return fmt::format("{}: the backend sees {}", ToString(tried.remedy), tried.cell.source_seen);
}

void AddHtmlCell(const AskedCell& asked, std::string& html) {
  html += fmt::format("<td class=\"{0}\"><details><summary>{0}</summary>{1}<ul>",
                      OutcomeText(asked), Escaped(asked.cell.reason));
  for (const cluster::Hop& hop : asked.cell.hops) {
    html += fmt::format("<li>{}: {}</li>", Escaped(hop.where), Escaped(hop.what));
  }
  html += "</ul>";
  if (!asked.remedies.empty()) {
    html += "What helps:<ul>";
    for (const TriedRemedy& tried : asked.remedies) {
      html += fmt::format("<li>{}</li>", Escaped(RemedyText(tried)));
    }
    html += "</ul>";
  }
  html += "</details></td>";
}

}  // namespace

std::string MatrixText(const AskedMatrix& matrix) {
  std::vector<std::vector<std::string>> rows = {HeadNames()};
  for (const auto& column : matrix.columns) rows.front().push_back(column.name);
  for (size_t row = 0; row < matrix.cells.size(); ++row) {
    rows.push_back(Head(row));
    for (const AskedCell& asked : matrix.cells[row]) rows.back().emplace_back(OutcomeText(asked));
  }
  return TextTable(rows);
}

std::string MatrixExplanation(const AskedMatrix& matrix) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (size_t row = 0; row < matrix.cells.size(); ++row) {
    const MatrixRow& own = MatrixRows()[row];
    for (size_t column = 0; column < matrix.columns.size(); ++column) {
      const AskedCell& asked = matrix.cells[row][column];
      if (asked.cell.ok) continue;
      const cluster::Failure& failure = *asked.cell.result.failure;
      fmt::format_to(out, "row {}, {}: {}, {} -> {}, {} address: fails\n", row + 1,
                     matrix.columns[column].name, ToString(own.service), ToString(own.client),
                     ToString(own.target), ToString(own.address));
      for (const cluster::Hop& hop : asked.cell.hops) {
        fmt::format_to(out, "    {}: {}\n", hop.where, hop.what);
      }
      fmt::format_to(out, "  at      {}\n  rule    {}\n  reason  {}\n", failure.hop,
                     failure.rule.empty() ? "-" : failure.rule, failure.reason);
      for (const TriedRemedy& tried : asked.remedies) {
        fmt::format_to(out, "  remedy  {}\n", RemedyText(tried));
      }
    }
  }
  return text;
}

std::string MatrixJson(const AskedMatrix& matrix) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t row = 0; row < matrix.cells.size(); ++row) {
    for (size_t column = 0; column < matrix.columns.size(); ++column) {
      const AskedCell& asked = matrix.cells[row][column];
      const nlohmann::ordered_json cell = {{"row", row + 1},
                                           {"column", matrix.columns[column].name},
                                           {"outcome", OutcomeText(asked)},
                                           {"reason", asked.cell.reason}};
      list.push_back(cell);
    }
  }
  return list.dump(2) + "\n";
}

std::string MatrixHtml(const AskedMatrix& matrix) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>Who reaches a Service with externalTrafficPolicy Local</title><style>{}</style>"
      "</head><body>\n<h1>externalTrafficPolicy Local: who reaches the Service from inside the "
      "cluster</h1>\n<p>Each cell is a connection whose packets walked through a virtual cluster. "
      "Open a cell for its walk.</p>\n<table>\n<tr>",
      kStyle);
  for (const std::string& name : HeadNames()) html += fmt::format("<th>{}</th>", name);
  for (const auto& column : matrix.columns) html += fmt::format("<th>{}</th>", column.name);
  html += "</tr>\n";
  for (size_t row = 0; row < matrix.cells.size(); ++row) {
    html += "<tr>";
    for (const std::string& text : Head(row)) html += fmt::format("<td>{}</td>", Escaped(text));
    for (const AskedCell& asked : matrix.cells[row]) AddHtmlCell(asked, html);
    html += "</tr>\n";
  }
  return html + "</table>\n</body></html>\n";
}

}  // namespace pointsman
