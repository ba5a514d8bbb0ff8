-- What pandoc reads as colours and environments becomes classes and elements of the page.

local classes = { good = true, bad = true, faint = true }

function Span(span)
  local colour = (span.attributes.style or ""):match("^color: (%a+)$")
  if classes[colour] then
    span.attributes.style = nil
    span.classes:insert(colour)
    return span
  end
end

-- a proof opens when it is asked for
function Div(div)
  if div.classes:includes("proof") then
    local out = pandoc.List({ pandoc.RawBlock("html", '<details class="proof"><summary>Proof</summary>') })
    for k, block in ipairs(div.content) do
      -- pandoc's own "Proof." at the start
      if k == 1 and block.t == "Para" and block.content[1] and block.content[1].t == "Emph" then
        block.content:remove(1)
      end
      out:insert(block)
    end
    out:insert(pandoc.RawBlock("html", "</details>"))
    return out
  end
end

-- wide tables scroll by themselves, not the page, and their caption stays where it is
function Table(table)
  local out = pandoc.List()
  if #table.caption.long > 0 then
    out:insert(pandoc.Div(table.caption.long, { class = "caption" }))
    table.caption.long = {}
  end
  out:insert(pandoc.RawBlock("html", '<div class="wide" tabindex="0">'))
  out:insert(table)
  out:insert(pandoc.RawBlock("html", "</div>"))
  return out
end
