import { testChatCells } from './chat-cells.ts'
import { askingTools, hearingCalls, offered } from './tool-forms.ts'

testChatCells('tools', {
  asks: askingTools('weather'),
  asked: () => offered('weather'),
  heard: () => hearingCalls('weather'),
  refused: 'tools',
  calls: ['weather'],
})
